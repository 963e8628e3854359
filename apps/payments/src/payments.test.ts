import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { newKey } from './testing/books.ts';
import { openTestHouse, type TestHouse } from './testing/house.ts';

let house: TestHouse;
let session = '';
let product = '';
let people = 0;

beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());
beforeEach(() => {
  people += 1;
  session = `${people}.session`;
  product = randomUUID();
  house.catalog.offers.set(product, { productId: product, amount: '1999', currency: 'EUR', seller: 'u_grace' });
});

type Sent = Readonly<{ token?: string; key?: string; headers?: Readonly<Record<string, string>> }>;

const shape = z.object({
  result: z.object({ data: z.unknown() }).optional(),
  error: z
    .object({ message: z.string(), data: z.looseObject({ reason: z.string(), httpStatus: z.number() }) })
    .optional(),
});

async function call(path: string, input: unknown, sent: Sent) {
  const response = await fetch(`${house.url}/trpc/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(sent.token !== undefined && { authorization: `Bearer ${sent.token}` }),
      ...(sent.key !== undefined && { 'idempotency-key': sent.key }),
      ...sent.headers,
    },
    ...(input !== undefined && { body: JSON.stringify(input) }),
  });
  const text = await response.text();
  const { result, error } = shape.parse(JSON.parse(text));
  return {
    status: response.status,
    text,
    data: result?.data,
    error: error?.data,
    reason: error?.data.reason,
    headers: response.headers,
  };
}

/** Ada, with a second factor just now, unless the test says otherwise. */
async function token(
  changes: Partial<Parameters<TestHouse['authority']['userToken']>[0]> = {},
  steppedUp = true,
): Promise<string> {
  if (steppedUp) house.authority.secondFactor(session);
  const acr = steppedUp ? 'aal2' : 'aal1';
  return house.authority.userToken({
    audience: 'payments',
    scope: 'payments:read payments:write',
    subject: `u_${session}`,
    session,
    acr,
    ...changes,
  });
}

async function balance(): Promise<unknown> {
  const answer = await fetch(`${house.url}/trpc/balance`, { headers: { authorization: `Bearer ${await token()}` } });
  return shape.parse(await answer.json()).result?.data;
}

async function fill(amount = '5000'): Promise<string> {
  const mine = await token();
  expect((await call('topUp', { amount, currency: 'EUR' }, { token: mine, key: newKey() })).status).toBe(200);
  return mine;
}

const agreed = (changes: object = {}) => ({ productId: product, amount: '1999', currency: 'EUR', ...changes });

async function stored(key: string): Promise<number | null> {
  return (await house.books.admin.query('SELECT 1 FROM answers WHERE key = $1', [key])).rowCount;
}

test('a payment asks catalog under a token that freezes what was agreed, and pays the seller', async () => {
  const mine = await fill();
  const traceId = 'a'.repeat(32);
  const paid = await call('pay', agreed(), {
    token: mine,
    key: newKey(),
    headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` },
  });
  expect(paid.data).toMatchObject({ kind: 'payment', amount: '1999', currency: 'EUR', productId: product });
  expect(await balance()).toEqual([{ account: 'wallet', currency: 'EUR', balance: '3001' }]);
  const asked = house.catalog.asked.at(-1);
  expect(asked).toMatchObject({
    subject: `u_${session}`,
    chain: ['payments'],
    context: { product, amount: '1999', currency: 'EUR' },
    traceId,
  });
  expect(asked?.remainingMs).toBeLessThanOrEqual(1500);
});

test('a statement lists what happened, page by page, and refuses a page that makes no sense', async () => {
  const mine = await fill();
  await call('pay', agreed(), { token: mine, key: newKey() });
  const read = async (input: string) => {
    const response = await fetch(`${house.url}/trpc/statement${input}`, {
      headers: { authorization: `Bearer ${mine}` },
    });
    return { status: response.status, data: shape.parse(await response.json()).result?.data };
  };
  expect((await read('')).data).toMatchObject({
    lines: [
      { kind: 'payment', amount: '-1999', productId: product },
      { kind: 'top_up', amount: '5000' },
    ],
  });
  const first = await read(`?input=${encodeURIComponent('{"limit":1}')}`);
  const { nextCursor } = z.looseObject({ nextCursor: z.string() }).parse(first.data);
  const second = await read(`?input=${encodeURIComponent(JSON.stringify({ limit: 1, cursor: nextCursor }))}`);
  expect(second.data).toMatchObject({ lines: [{ kind: 'top_up' }] });
  for (const input of ['{"limit":0}', '{"limit":101}', '{"cursor":"1"}', '{"subject":"u_grace"}']) {
    expect((await read(`?input=${encodeURIComponent(input)}`)).status).toBe(400);
  }
});

test('without a second factor a payment is a challenge to step up, and stores nothing (NST-09)', async () => {
  const key = newKey();
  const refused = await call('pay', agreed(), { token: await token({}, false), key });
  expect(refused.status).toBe(401);
  expect(refused.error).toMatchObject({
    reason: 'insufficient_user_authentication',
    challenge: { acrValues: ['aal2'], maxAgeSeconds: 300, scope: 'payments:write' },
  });
  expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_user_authentication"');
  expect(refused.headers.get('www-authenticate')).toContain('max_age="300"');
  expect(await stored(key)).toBe(0);
  await fill();
  expect((await call('pay', agreed(), { token: await token(), key })).status).toBe(200);
});

test('a payment after revoke returned is refused', async () => {
  const mine = await fill();
  house.authority.holdFeed(true);
  house.authority.revoke({ kind: 'session', session });
  house.authority.holdFeed(false);
  const key = newKey();
  const refused = await call('pay', agreed(), { token: mine, key });
  expect([refused.status, refused.reason]).toEqual([401, 'invalid_token']);
  expect(await stored(key)).toBe(0);
});

test.for([
  ['whose token is not good to be carried on with', 'invalid_grant', 401, 'invalid_token'],
  ['whose client may do less at catalog', 'invalid_scope', 403, 'insufficient_scope'],
  [
    'whom payments may not carry on, which says nothing about the buyer',
    'unauthorized_client',
    503,
    'temporarily_unavailable',
  ],
] as const)('a buyer %s does not pay, and catalog is not asked', async ([, error, status, reason]) => {
  const mine = await fill();
  const [key, asked] = [newKey(), house.catalog.asked.length];
  house.authority.refuseOnward(error);
  const refused = await call('pay', agreed(), { token: mine, key });
  house.authority.refuseOnward(undefined);
  expect([refused.status, refused.reason]).toEqual([status, reason]);
  expect(house.catalog.asked).toHaveLength(asked);
  expect(await stored(key)).toBe(0);
});

test('a payment asks the authority once, and nobody else but catalog', async () => {
  const mine = await fill();
  await call('pay', agreed(), { token: mine, key: newKey() });
  const [questions, forms] = [house.authority.questionsAsked(), house.oauth.forms.length];
  expect((await call('pay', agreed(), { token: mine, key: newKey() })).status).toBe(200);
  expect(house.authority.questionsAsked() - questions).toBe(1);
  expect(house.oauth.forms.length - forms).toBe(0);
});

test('two payments at once are two transactions, each with its own token', async () => {
  const mine = await fill();
  const before = house.catalog.asked.length;
  await Promise.all([1, 2].map(() => call('pay', agreed(), { token: mine, key: newKey() })));
  const [one, other] = house.catalog.asked.slice(before).map(({ transaction }) => transaction);
  expect(one).not.toBe(other);
});

test('input that makes no sense is told to those who are let in, and asks for no transaction token', async () => {
  const key = newKey();
  expect((await call('pay', { nonsense: true }, { key })).status).toBe(401);
  const refused = await call('pay', { nonsense: true }, { token: await token(), key });
  expect([refused.status, refused.reason]).toEqual([400, 'invalid_input']);
});

test('an authority that is silent makes a payment 503 within about a second, and reads go on', async () => {
  const mine = await fill();
  house.setSilent(true);
  const key = newKey();
  const startedAtMs = performance.now();
  const refused = await call('pay', agreed(), { token: mine, key });
  const tookMs = performance.now() - startedAtMs;
  expect(await balance()).toEqual([{ account: 'wallet', currency: 'EUR', balance: '5000' }]);
  house.setSilent(false);
  expect([refused.status, refused.reason]).toEqual([503, 'temporarily_unavailable']);
  expect(tookMs).toBeLessThan(1500);
  expect(await stored(key)).toBe(0);
});

test.for([
  ['no key', {}],
  ['an empty key', { 'idempotency-key': '' }],
  ['a key with a space', { 'idempotency-key': 'a b' }],
  ['a key of 256 characters', { 'idempotency-key': 'k'.repeat(256) }],
] as const)('a payment with %s is refused', async ([, headers]) => {
  const refused = await call('pay', agreed(), { token: await token(), headers });
  expect([refused.status, refused.reason]).toEqual([400, 'invalid_request']);
});

test('a repeated payment gets the stored bytes, even when the price has changed and catalog is asked no more', async () => {
  const mine = await fill();
  const key = newKey();
  const first = await call('pay', agreed(), { token: mine, key });
  expect(first.status).toBe(200);
  house.catalog.offers.delete(product);
  const asked = house.catalog.asked.length;
  const again = await call('pay', agreed(), { token: await token(), key });
  expect(again.text).toBe(first.text);
  expect(house.catalog.asked).toHaveLength(asked);
  const other = await call('pay', agreed({ amount: '1' }), { token: mine, key });
  expect([other.status, other.reason]).toEqual([422, 'idempotency_key_reused']);
});

test('twins over HTTP get the same bytes', async () => {
  const mine = await fill();
  const key = newKey();
  const twins = await Promise.all(Array.from({ length: 12 }, () => call('pay', agreed(), { token: mine, key })));
  expect(new Set(twins.map(({ text }) => text)).size).toBe(1);
  expect(await balance()).toEqual([{ account: 'wallet', currency: 'EUR', balance: '3001' }]);
});

test('a price that is not the agreed one is refused, and stores nothing', async () => {
  const mine = await fill();
  const key = newKey();
  for (const changes of [{ amount: '1998' }, { amount: '2000' }, { currency: 'USD' }]) {
    const refused = await call('pay', agreed(changes), { token: mine, key });
    expect([refused.status, refused.reason]).toEqual([409, 'price_changed']);
  }
  expect(await stored(key)).toBe(0);
});

test('a product that is not there for the buyer is 404', async () => {
  const refused = await call('pay', agreed({ productId: randomUUID() }), { token: await fill(), key: newKey() });
  expect([refused.status, refused.reason]).toEqual([404, 'product_not_found']);
});

test('nobody buys his own product', async () => {
  house.catalog.offers.set(product, { productId: product, amount: '1999', currency: 'EUR', seller: `u_${session}` });
  const refused = await call('pay', agreed(), { token: await fill(), key: newKey() });
  expect([refused.status, refused.reason]).toEqual([409, 'own_product']);
});

test('the seller gives a payment back', async () => {
  const paid = await call('pay', agreed(), { token: await fill(), key: newKey() });
  const { transferId } = z.looseObject({ transferId: z.string() }).parse(paid.data);
  house.authority.secondFactor('9.grace');
  const grace = await token({ subject: 'u_grace', session: '9.grace' });
  const given = await call('refund', { transferId }, { token: grace, key: newKey() });
  expect(given.data).toMatchObject({
    kind: 'refund',
    amount: '1999',
    currency: 'EUR',
    productId: product,
    refunds: transferId,
  });
  const again = await call('refund', { transferId }, { token: grace, key: newKey() });
  expect([again.status, again.reason]).toEqual([409, 'already_refunded']);
});

test.for([
  { amount: 1999, currency: 'EUR' },
  { amount: '0', currency: 'EUR' },
  { amount: '-1', currency: 'EUR' },
  { amount: '01', currency: 'EUR' },
  { amount: '1.5', currency: 'EUR' },
  { amount: '１', currency: 'EUR' },
  { amount: '1000000000000', currency: 'EUR' },
  { amount: '1', currency: 'eur' },
  { amount: '1', currency: 'XXX' },
  { amount: '1', currency: 'EUR', subject: 'u_grace' },
  { amount: '1' },
  [],
])('a top-up of %o is refused', async (input) => {
  const key = newKey();
  const refused = await call('topUp', input, { token: await token(), key });
  expect([refused.status, refused.reason]).toEqual([400, 'invalid_input']);
  expect(await stored(key)).toBe(0);
});

test('a token of another audience, or without the scope, moves no money (OSB-12)', async () => {
  const key = newKey();
  const foreign = await call(
    'topUp',
    { amount: '1', currency: 'EUR' },
    { token: await token({ audience: 'catalog' }), key },
  );
  expect([foreign.status, foreign.reason]).toEqual([401, 'invalid_token']);
  const narrow = await call(
    'topUp',
    { amount: '1', currency: 'EUR' },
    { token: await token({ scope: 'payments:read' }), key },
  );
  expect([narrow.status, narrow.reason]).toEqual([403, 'insufficient_scope']);
  expect((await call('topUp', { amount: '1', currency: 'EUR' }, { key })).status).toBe(401);
});

test('a payment shares no request with another call', async () => {
  const mine = await fill();
  const response = await fetch(`${house.url}/trpc/pay,pay?batch=1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${mine}`, 'idempotency-key': newKey() },
    body: JSON.stringify({ 0: agreed(), 1: agreed() }),
  });
  expect(response.status).toBe(400);
  expect(await balance()).toEqual([{ account: 'wallet', currency: 'EUR', balance: '5000' }]);
});

test('a COMMIT whose answer is lost is 503, and the same key then finds the payment', async () => {
  const mine = await fill();
  const key = newKey();
  house.proxy.loseAnswerTo('commit');
  const unknown = await call('pay', agreed(), { token: mine, key });
  expect([unknown.status, unknown.reason]).toEqual([503, 'temporarily_unavailable']);
  expect(unknown.text).toContain('with the same Idempotency-Key');
  await expect.poll(() => stored(key)).toBe(1);
  const found = await call('pay', agreed(), { token: mine, key });
  expect(found.status).toBe(200);
  expect(await balance()).toEqual([{ account: 'wallet', currency: 'EUR', balance: '3001' }]);
});

test('no token and no signature is in any log line', async () => {
  const mine = await fill();
  await call('pay', agreed(), { token: mine, key: newKey() });
  const log = house.lines.join('');
  expect(log).toContain('"outcome":"admitted"');
  expect(log).not.toContain(mine.split('.')[2]);
  expect(log).not.toContain('eyJ');
});

test('readiness names each part; without books or catalog nothing is stored and nobody is signed out', async () => {
  const ready = await fetch(`${house.url}/readyz`);
  expect(await ready.json()).toMatchObject({ ready: true, parts: { database: true, keys: true, feed: true } });
  const mine = await fill();
  const key = newKey();
  await house.catalog.close();
  const unasked = await call('pay', agreed(), { token: mine, key });
  expect([unasked.status, unasked.reason]).toEqual([503, 'temporarily_unavailable']);
  expect(await stored(key)).toBe(0);
  await house.proxy.cut();
  const unread = await call('pay', agreed(), { token: mine, key });
  expect([unread.status, unread.reason]).toEqual([503, 'temporarily_unavailable']);
  const unmoved = await call('topUp', { amount: '1', currency: 'EUR' }, { token: mine, key });
  expect([unmoved.status, unmoved.reason]).toEqual([503, 'temporarily_unavailable']);
  expect((await fetch(`${house.url}/readyz`)).status).toBe(503);
});
