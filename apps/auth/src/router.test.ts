import { followRevocations, type IntrospectionQuestion } from '@sallyport/auth';
import { openServiceClient } from '@sallyport/client/service';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { prepareDatabase } from './prepare-database.ts';
import type { TokenSet } from './sign-in/token-set.ts';
import { refusalOf } from './testing/callers.ts';
import { textLike } from './testing/expected.ts';
import { ada, adaSubject, grace, runAuthority, type RunningAuthority } from './testing/running-authority.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

const tokenFor = (set: TokenSet, audience: string) => set.accessTokens[audience]?.token;
const signedIn = async (who = grace) => {
  const tokens = await auth.as().signIn.mutate(who);
  return { tokens, account: auth.as(tokenFor(tokens, 'auth')) };
};
const questionOf = ({ session }: TokenSet): IntrospectionQuestion => ({
  tokenId: 't',
  session: session.id,
  subject: session.subject,
  client: 'web',
});

async function post(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${auth.issuer}/trpc/${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, text: await response.text() };
}

test('signing up says the same for a known e-mail as for a new one, and changes nothing about it', async () => {
  const known = await post('signUp', JSON.stringify({ email: ' ADA@sallyport.example', password: 'another password' }));
  const fresh = await post('signUp', JSON.stringify({ email: 'new@sallyport.example', password: 'another password' }));
  expect(known).toEqual(fresh);
  expect((await auth.as().signIn.mutate(ada)).session.subject).toBe(adaSubject);
  expect(
    (await auth.as().signIn.mutate({ email: 'NEW@sallyport.example', password: 'another password' })).session.subject,
  ).toMatch(/^u_[A-Za-z0-9_-]{12}$/);
});

test('every way that signing in fails has one answer', async () => {
  await auth.as().signUp.mutate({ email: 'off@sallyport.example', password: 'a disabled account' });
  await auth.operator.query(`UPDATE accounts SET enabled = false WHERE email = 'off@sallyport.example'`);
  const causes = [
    { ...ada, password: 'wrong password' },
    { email: 'nobody@sallyport.example', password: 'wrong password' },
    { email: 'off@sallyport.example', password: 'a disabled account' },
    { ...ada, clientId: 'nothing' },
    { ...ada, clientId: 'payments' },
  ];
  const answers = await Promise.all(causes.map((cause) => post('signIn', JSON.stringify(cause))));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(answers.map(({ status }) => status)).toEqual(causes.map(() => 401));
  expect(answers[0]?.text).toContain('"reason":"invalid_credentials"');
});

test('an unknown e-mail costs a password check, as a known one does', async () => {
  const signInMs = async (email: string) => {
    const startedAt = performance.now();
    await refusalOf(auth.as().signIn.mutate({ email, password: 'wrong password' }));
    return performance.now() - startedAt;
  };
  // Turn by turn, and the least of each: what else the machine does then counts for both, or for none.
  const times = { known: Infinity, unknown: Infinity };
  for (let round = 0; round < 20; round += 1) {
    times.known = Math.min(times.known, await signInMs(ada.email));
    times.unknown = Math.min(times.unknown, await signInMs('nobody@sallyport.example'));
  }
  // Coarse on purpose: it finds a check that is left out, at a tenth of the cost. Issue 4 measures finely.
  expect(times.unknown).toBeGreaterThan(times.known / 2);
  expect(times.unknown).toBeLessThan(times.known * 2);
});

/** What every ending hands out: see `every-ending.test.ts`. */
const consistencyToken = textLike(/^c1-[0-9a-z]{11}$/);

test('signing out ends the session, and says the same for a token that is none', async () => {
  const { tokens } = await signedIn();
  expect(await auth.as().signOut.mutate({ refreshToken: tokens.refreshToken })).toEqual({
    ended: true,
    consistencyToken,
  });
  expect(await auth.authority.introspect([questionOf(tokens)])).toEqual([{ active: false }]);
  expect(await auth.as().signOut.mutate({ refreshToken: 'C'.repeat(43) })).toEqual({ ended: true, consistencyToken });
});

test('somebody sees their own sessions only, and ends one or all the others', async () => {
  const [here, there, elsewhere] = [await signedIn(), await signedIn(), await signedIn()];
  const stranger = await signedIn(ada);
  const listed = await here.account.sessions.list.query();
  const ids = [here, there, elsewhere].map(({ tokens }) => tokens.session.id);
  expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  expect(listed.map(({ id }) => id)).not.toContain(stranger.tokens.session.id);
  expect(listed.filter(({ current }) => current).map(({ id }) => id)).toEqual([here.tokens.session.id]);

  expect(await here.account.sessions.end.mutate({ session: there.tokens.session.id })).toEqual({
    ended: true,
    consistencyToken,
  });
  expect(await here.account.sessions.end.mutate({ session: there.tokens.session.id })).toEqual({
    ended: true,
    consistencyToken,
  });
  const foreign = await refusalOf(here.account.sessions.end.mutate({ session: stranger.tokens.session.id }));
  expect(foreign).toEqual(await refusalOf(here.account.sessions.end.mutate({ session: '1.AAAAAAAAAAAAAAAA' })));
  expect(foreign).toMatchObject({ status: 404, reason: 'not_found' });

  const { ended } = await here.account.sessions.endOthers.mutate();
  expect(ended).toBeGreaterThanOrEqual(1);
  const all = [here, there, elsewhere, stranger].map(({ tokens }) => questionOf(tokens));
  expect((await auth.authority.introspect(all)).map(({ active }) => active)).toEqual([true, false, false, true]);
  expect(await here.account.sessions.list.query()).toHaveLength(1);
});

test('an ended session ends nothing more: the fresh gate refuses it at once', async () => {
  const { tokens, account } = await signedIn();
  const { account: other } = await signedIn();
  await other.sessions.end.mutate({ session: tokens.session.id });
  expect(await refusalOf(account.sessions.endOthers.mutate())).toMatchObject({ status: 401, reason: 'invalid_token' });
});

test('a token of another audience, or without the scope, does nothing here', async () => {
  const { tokens } = await signedIn();
  expect(await refusalOf(auth.as(tokenFor(tokens, 'catalog')).sessions.list.query())).toMatchObject({
    status: 401,
    reason: 'invalid_token',
  });
  const service = await auth.postAs('payments', '/oauth/token', {
    grant_type: 'client_credentials',
    audience: 'auth',
    scope: 'introspect',
  });
  const asService = auth.as(String(service.json['access_token']));
  expect(await refusalOf(asService.sessions.endOthers.mutate())).toMatchObject({
    status: 403,
    reason: 'access_denied',
  });
  expect((await asService.internal.introspect.query({ questions: [questionOf(tokens)] })).answers).toHaveLength(1);
});

test('the internal procedures answer no person, and no service without the right', async () => {
  const { tokens, account } = await signedIn();
  const questions = [questionOf(tokens)];
  expect(await refusalOf(auth.as().internal.introspect.query({ questions }))).toMatchObject({ status: 401 });
  expect(await refusalOf(account.internal.introspect.query({ questions }))).toMatchObject({ status: 403 });
  const service = await auth.postAs('payments', '/oauth/token', {
    grant_type: 'client_credentials',
    audience: 'auth',
    scope: 'revocations',
  });
  const follower = auth.as(String(service.json['access_token']));
  expect(await refusalOf(follower.internal.introspect.query({ questions }))).toMatchObject({
    status: 403,
    reason: 'insufficient_scope',
  });
});

test('a service follows, asks and exchanges through the client that other rooms use', async () => {
  const service = openServiceClient({
    issuer: auth.issuer,
    clientId: 'payments',
    privateKey: auth.keys.payments.privateJwk,
  });
  const { tokens } = await signedIn();
  const feed = followRevocations(service.feed);
  await vi.waitFor(() => expect(feed.silenceMs()).toBeLessThan(1000), { timeout: 5000 });
  const many = Array.from({ length: 128 }, () => questionOf(tokens));
  const answers = await service.authority(many, AbortSignal.timeout(5000));
  expect(answers).toHaveLength(128);
  expect(answers[127]).toMatchObject({ active: true, acr: 'aal1' });
  const subjectToken = tokenFor(tokens, 'payments') ?? '';
  expect(await service.exchange({ subjectToken, scope: 'catalog:read', context: { product: 'p_1' } })).toMatch(/^ey/);

  await auth.as().signOut.mutate({ refreshToken: tokens.refreshToken });
  const ended = { tokenId: 't', session: tokens.session.id, subject: 's', client: 'web', keyId: 'k' };
  await vi.waitFor(() => expect(feed.isRevoked(ended)).toBe(true), { timeout: 5000, interval: 5 });
  expect(await service.authority([questionOf(tokens)], AbortSignal.timeout(5000))).toEqual([{ active: false }]);
  feed.close();
});

test.each([
  ['signIn', { ...ada, admin: true }],
  ['signIn', { ...ada, email: ['ada@sallyport.example'] }],
  ['signIn', { email: ada.email }],
  ['signUp', { email: 'no-at-sign', password: 'long enough' }],
  ['signUp', { email: 'short@sallyport.example', password: 'short' }],
  ['refresh', { refreshToken: '' }],
  ['stepUp', { refreshToken: 'x', code: '12345' }],
  ['stepUp', { refreshToken: 'x', code: 123456 }],
  ['signOut', { refreshToken: 'x', everywhere: true }],
])('%s refuses what it does not know: %j', async (path, input) => {
  const { status, text } = await post(path, JSON.stringify(input));
  expect(status).toBe(400);
  expect(text).toContain('"reason":"invalid_input"');
});

test('a body over 16 kB, a batch, and a type that is not JSON are refused', async () => {
  expect((await post('signIn', JSON.stringify({ ...ada, password: 'x'.repeat(17_000) }))).status).toBe(413);
  expect((await post('signIn,signIn?batch=1', JSON.stringify({ 0: ada, 1: ada }))).status).toBe(400);
  expect((await post('signIn', JSON.stringify(ada), { 'content-type': 'text/plain' })).status).toBe(415);
});

test('the service is ready when database, keys and feed are there', async () => {
  const readyz = await vi.waitFor(async () => {
    const response = await fetch(`${auth.issuer}/readyz`);
    expect(response.status).toBe(200);
    return response.json();
  });
  expect(readyz).toMatchObject({ ready: true, parts: { database: true, keys: true, feed: true } });
});

test('preparing again changes nothing that is there', async () => {
  await auth.operator.query(`UPDATE accounts SET password_hash = 'changed' WHERE email = 'grace@sallyport.example'`);
  await Promise.all([prepareDatabase(auth.preparation), prepareDatabase(auth.preparation)]);
  const { rows } = await auth.operator.query(`SELECT
    (SELECT password_hash FROM accounts WHERE email = 'grace@sallyport.example') AS hash,
    (SELECT count(*)::int FROM signing_keys) AS keys, (SELECT count(*)::int FROM clients) AS clients`);
  expect(rows).toEqual([{ hash: 'changed', keys: 1, clients: 4 }]);
});

test('no log line holds a password, a token, a code or an assertion', () => {
  const log = auth.logLines.join('');
  expect(log).toContain('"service":"auth"');
  for (const secret of [ada.password, 'wrong password', 'another password']) expect(log).not.toContain(secret);
  expect(log).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\./);
});
