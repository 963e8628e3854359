import { createPool, runtimeRole } from '@sallyport/db';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { isDatabaseOutage } from '../database-outage.ts';
import { refusalOf } from '../testing/callers.ts';
import { someText } from '../testing/expected.ts';
import { ada, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { TryLater } from '../try-later.ts';
import { postgresStore } from './postgres-store.ts';
import { throttleLimits } from './throttle-limits.ts';
import { openThrottle } from './throttle.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority({ throttleFactor: 1, trustedProxies: ['127.0.0.1'] });
});
afterAll(() => auth.close());

// To the beginning of a window of every limit: no test straddles the end of one.
beforeEach(() => void auth.advance(3601 - ((auth.now() / 1000) % 3600)));

/** Says how many points are used, as an earlier caller would have left them. */
const useUp = (limit: keyof typeof throttleLimits, whose: string, left = 0) =>
  auth.authority.throttle.take(limit, whose, throttleLimits[limit].points - left);

async function post(path: string, input: unknown, forwardedFor = '198.51.100.1') {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': forwardedFor };
  const body = JSON.stringify(input);
  const response = await fetch(`${auth.issuer}/trpc/${path}`, { method: 'POST', headers, body });
  const text = await response.text();
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text };
}

const tooMany = { status: 429, retryAfter: someText };

test('an account has so many tries, wherever they come from, known or not: then 429 with Retry-After (LIM-01, ORA-01)', async () => {
  const tries = async (email: string) => {
    const answers = [];
    for (let network = 1; network <= throttleLimits.signInOfAccount.points + 2; network += 1)
      answers.push(await post('signIn', { email, password: 'wrong password' }, `198.51.100.${network}`));
    return answers.map(({ status, text }) => ({ status, text }));
  };
  const known = await tries(ada.email);
  expect(known.map(({ status }) => status)).toEqual([...Array<number>(20).fill(401), 429, 429]);
  expect(await tries('nobody@sallyport.example')).toEqual(known);
  const right = await post('signIn', ada, '198.51.100.99');
  expect(right).toMatchObject({ status: 429, text: expect.stringContaining('"too_many_requests"') as unknown });
  expect(Number(right.retryAfter)).toBeGreaterThan(800);
  expect(Number(right.retryAfter)).toBeLessThanOrEqual(900);
  auth.advance(900);
  expect(await post('signIn', ada)).toMatchObject({ status: 200 });
});

test('a right password forgives the wrong ones before it', async () => {
  await useUp('signInOfAccount', grace.email, 1);
  expect(await post('signIn', grace)).toMatchObject({ status: 200 });
  for (let round = 0; round < 3; round += 1) expect(await post('signIn', grace)).toMatchObject({ status: 200 });
});

test.each([
  ['signIn', 'signInFromNetwork', { ...ada, password: 'wrong password' }, 401],
  ['signUp', 'signUpFromNetwork', { email: 'new@sallyport.example', password: 'quite another password' }, 200],
  ['refresh', 'refreshFromNetwork', { refreshToken: 'x'.repeat(43) }, 401],
  ['stepUp', 'secondFactorFromNetwork', { refreshToken: 'x'.repeat(43), code: '123456' }, 401],
  ['password.requestReset', 'mailFromNetwork', { email: 'reset@sallyport.example' }, 200],
  ['password.reset', 'actionFromNetwork', { token: 'x'.repeat(43), password: 'quite another password' }, 400],
  ['email.verify', 'actionFromNetwork', { token: 'x'.repeat(43) }, 400],
] as const)('%s is counted for an IPv6 /64, and for nobody else (LIM-01)', async (path, limit, input, status) => {
  const network = '2001:db8:0:7::/64';
  const [one, other, elsewhere] = ['2001:db8:0:7::1', '2001:db8:0:7:ffff::2', '2001:db8:0:8::1'];
  await useUp(limit, network, 1);
  expect(await post(path, input, one)).toMatchObject({ status });
  expect(await post(path, input, other)).toMatchObject(tooMany);
  // What the caller writes itself stands before what our proxy writes.
  expect(await post(path, input, `${elsewhere}, ${one}`)).toMatchObject(tooMany);
  expect(await post(path, input, elsewhere)).toMatchObject({ status });
});

test('mails to one address are few, whoever asks for them and whether it has an account (LIM-01, ORA-01)', async () => {
  for (const email of [grace.email, 'nobody@sallyport.example']) {
    const answers = [];
    for (let network = 1; network <= 6; network += 1)
      answers.push((await post('password.requestReset', { email }, `203.0.113.${network}`)).status);
    expect(answers).toEqual([200, 200, 200, 200, 200, 429]);
  }
  await auth.authority.later.settled();
});

test('10,000 random tokens are too many to introspect: 429 by cost, long before; held ones cost a twentieth (INT-04)', async () => {
  const introspect = async (token: string) => {
    const { status, headers, json } = await auth.postAs('payments', '/oauth/introspect', { token });
    return { status, retryAfter: headers.get('retry-after'), json };
  };
  await useUp('introspectionOfClient', 'payments', 40);
  expect(await introspect('random.random.random')).toMatchObject({ status: 200, json: { active: false } });
  expect(await introspect('random.random.again')).toMatchObject({ status: 200 });
  expect(await introspect('random.random.once')).toMatchObject({ ...tooMany, json: { error: 'too_many_requests' } });
  const cost = throttleLimits.introspectionOfClient.points / 20;
  expect(cost).toBeLessThan(1000);

  auth.advance(60);
  const { accessTokens } = await auth.as().signIn.mutate(grace);
  await useUp('introspectionOfClient', 'payments', 2);
  const held = accessTokens['payments']?.token ?? '';
  expect(await introspect(held)).toMatchObject({ json: { active: true } });
  // Another service has not been guessing.
  expect((await auth.postAs('catalog', '/oauth/introspect', { token: held })).status).toBe(200);
});

test('a client, and a network, has so many forms; one that is refused costs eleven (LIM-01)', async () => {
  const token = { grant_type: 'client_credentials', audience: 'auth' };
  await useUp('formOfClient', 'payments', 1);
  expect((await auth.postAs('payments', '/oauth/token', token)).status).toBe(200);
  const refused = await auth.postAs('payments', '/oauth/token', token);
  expect(refused.status).toBe(429);
  expect(refused.json).toMatchObject({ error: 'too_many_requests' });
  expect(refused.headers.get('retry-after')).toMatch(/^[0-9]+$/);
  expect((await auth.postAs('catalog', '/oauth/token', token)).status).toBe(200);

  auth.advance(60);
  await useUp('formFromNetwork', '127.0.0.1', 24);
  const bad = { grant_type: 'refresh_token', client_id: 'web', resource: 'catalog', refresh_token: 'x'.repeat(43) };
  expect((await auth.post('/oauth/token', bad)).status).toBe(400);
  expect((await auth.post('/oauth/token', bad)).status).toBe(400);
  expect((await auth.post('/oauth/token', bad)).status).toBe(400);
  expect((await auth.post('/oauth/token', bad)).status).toBe(429);
});

test('two instances share one count: of any number of takes at once, no more succeed than there are points (LIM-01)', async () => {
  const pool = createPool({ url: auth.preparation.databaseUrl, schema: 'auth', role: runtimeRole('auth'), max: 4 });
  const other = openThrottle({ store: postgresStore(pool), now: auth.now });
  const takes = Array.from({ length: 60 }, (_, index) =>
    (index % 2 === 0 ? auth.authority.throttle : other).take('signInOfAccount', 'everybody'),
  );
  const outcomes = await Promise.allSettled(takes);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  for (const reason of refused) expect(reason).toBeInstanceOf(TryLater);
  await pool.end();
});

test('a count that is not known is 503, never "go on": the sign-in does not happen', async () => {
  await auth.operator.query('ALTER TABLE throttle_points RENAME TO throttle_points_away');
  const refusedWithoutTable = await post('signIn', ada, '203.0.113.77');
  await auth.operator.query('ALTER TABLE throttle_points_away RENAME TO throttle_points');
  expect(refusedWithoutTable.status).toBeGreaterThanOrEqual(500);

  // And an outage says of itself that it is one, which both HTTP layers answer with 503.
  const nowhere = new URL(auth.preparation.databaseUrl);
  nowhere.port = '1';
  const pool = createPool({ url: nowhere.href, schema: 'auth', max: 1 });
  const { take } = openThrottle({ store: postgresStore(pool), now: auth.now });
  expect(isDatabaseOutage(await take('signInOfAccount', 'x').catch((error: unknown) => error))).toBe(true);
  await pool.end();
});

test('what is counted is nobody’s name', async () => {
  const { rows } = await auth.operator.query<{ key: string }>('SELECT key FROM throttle_points');
  expect(rows.length).toBeGreaterThan(0);
  for (const { key } of rows) expect(key).toMatch(/^[A-Za-z]+:[0-9]+:[A-Za-z0-9_-]{43}$/);
});

test('refusals of a throttle are told apart by programs', async () => {
  await useUp('signUpFromNetwork', '127.0.0.1');
  const refused = await refusalOf(
    auth.as().signUp.mutate({ email: 'x@sallyport.example', password: 'quite another one' }),
  );
  expect(refused).toEqual({ status: 429, reason: 'too_many_requests', message: 'Too many requests. Try again later.' });
});
