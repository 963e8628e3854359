import { randomUUID } from 'node:crypto';
import { createPool } from '@sallyport/db';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertProducts, outcomeOf, runCatalog, type RunningCatalog } from './testing/running-catalog.ts';

let catalog: RunningCatalog;
let id: string;

beforeAll(async () => {
  catalog = await runCatalog();
});
beforeEach(async () => {
  id = randomUUID();
  await insertProducts(catalog, [{ id, owner: 'u_ada' }]);
  catalog.authority.beat();
});
afterEach(() => {
  catalog.authority.setReachable(true);
  catalog.authority.holdFeed(false);
});
afterAll(() => catalog.close());

describe('who gets in', () => {
  test('without a token: reads that are public, and 401 for the rest', async () => {
    const { products } = catalog.anonymous;
    expect(await outcomeOf(products.get.query({ id }))).toBe('done');
    expect(await outcomeOf(products.mine.query())).toBe('401 unauthenticated');
    expect(await outcomeOf(products.update.mutate({ id, amount: '1' }))).toBe('401 unauthenticated');
    expect(await outcomeOf(products.archive.mutate({ id }))).toBe('401 unauthenticated');
  });

  test('with a scope too small: 403', async () => {
    const reader = await catalog.as('u_ada', { scope: 'catalog:read' });
    const writer = await catalog.as('u_ada', { scope: 'catalog:write' });
    expect(await outcomeOf(reader.products.update.mutate({ id, amount: '1' }))).toBe('403 insufficient_scope');
    expect(await outcomeOf(reader.products.archive.mutate({ id }))).toBe('403 insufficient_scope');
    expect(await outcomeOf(writer.products.mine.query())).toBe('403 insufficient_scope');
  });

  test('with a token for another service, or from nowhere: 401, on public reads as well (OSB-12)', async () => {
    const elsewhere = await catalog.as('u_ada', { audience: 'payments' });
    expect(await outcomeOf(elsewhere.products.list.query())).toBe('401 invalid_token');
    expect(await outcomeOf(elsewhere.products.mine.query())).toBe('401 invalid_token');
  });

  test('after its session was revoked: 401 everywhere', async () => {
    const caller = await catalog.as('u_ada', { session: '7.revoked' });
    expect(await outcomeOf(caller.products.mine.query())).toBe('done');
    catalog.authority.revoke({ kind: 'session', session: '7.revoked' });
    const { products } = caller;
    expect(await outcomeOf(products.mine.query())).toBe('401 invalid_token');
    expect(await outcomeOf(products.list.query())).toBe('401 invalid_token');
    expect(await outcomeOf(products.update.mutate({ id, amount: '1' }))).toBe('401 invalid_token');
    expect(await outcomeOf(products.archive.mutate({ id }))).toBe('401 invalid_token');
  });

  test('archive asks the authority, so a revocation that the feed has not brought yet counts', async () => {
    const caller = await catalog.as('u_ada', { session: '8.held' });
    catalog.authority.holdFeed(true);
    catalog.authority.revoke({ kind: 'session', session: '8.held' });
    expect(await outcomeOf(caller.products.archive.mutate({ id }))).toBe('401 invalid_token');
  });

  test('while the authority is silent reads go on, and archive is 503 and archives nothing', async () => {
    const caller = await catalog.as('u_ada');
    catalog.authority.setReachable(false);
    expect(await outcomeOf(caller.products.mine.query())).toBe('done');
    expect(await outcomeOf(caller.products.archive.mutate({ id }))).toBe('503 temporarily_unavailable');
    expect((await caller.products.get.query({ id })).archived).toBe(false);
  });
});

describe('a quote', () => {
  test('is given for the product that the transaction froze, to the buyer who is carried', async () => {
    const payments = await catalog.carrying({
      subject: 'u_grace',
      context: { product: id, amount: '1', currency: 'EUR' },
    });
    expect(await payments.products.quote.query({ productId: id })).toEqual({
      productId: id,
      amount: '1999',
      currency: 'EUR',
      seller: 'u_ada',
    });
  });

  test('is not given for another product than the frozen one, or when none was frozen', async () => {
    const other = await catalog.carrying({ context: { product: randomUUID() } });
    const none = await catalog.carrying({});
    expect(await outcomeOf(other.products.quote.query({ productId: id }))).toBe('403 transaction_mismatch');
    expect(await outcomeOf(none.products.quote.query({ productId: id }))).toBe('403 transaction_mismatch');
  });

  test('is not given to a user, nor to a service in its own name', async () => {
    const user = await catalog.as('u_ada');
    expect(await outcomeOf(user.products.quote.query({ productId: id }))).toBe('403 access_denied');
    const authorization = `Bearer ${await catalog.authority.serviceToken({ client: 'payments', audience: 'catalog', scope: 'catalog:read' })}`;
    const query = new URLSearchParams({ input: JSON.stringify({ productId: id }) });
    const alone = await fetch(`${catalog.url}/trpc/products.quote?${query.toString()}`, { headers: { authorization } });
    expect(alone.status).toBe(401);
  });

  test('is not given to a service without the scope, nor in a session that is over', async () => {
    const context = { product: id };
    const narrow = await catalog.carrying({ context }, 'other:scope');
    expect(await outcomeOf(narrow.products.quote.query({ productId: id }))).toBe('403 insufficient_scope');
    const carried = await catalog.carrying({ context, session: '9.over' });
    catalog.authority.revoke({ kind: 'session', session: '9.over' });
    expect(await outcomeOf(carried.products.quote.query({ productId: id }))).toBe('401 invalid_token');
  });

  test.each([
    { visibility: 'owner', archived: false, buyer: 'u_grace', expected: '404 not_found' },
    { visibility: 'owner', archived: false, buyer: 'u_ada', expected: 'done' },
    { visibility: 'authenticated', archived: false, buyer: 'u_grace', expected: 'done' },
    { visibility: 'public', archived: true, buyer: 'u_grace', expected: '404 not_found' },
    { visibility: 'public', archived: true, buyer: 'u_ada', expected: '404 not_found' },
  ] as const)('of a product that is $visibility, archived: $archived, for $buyer: $expected', async (one) => {
    const productId = randomUUID();
    await insertProducts(catalog, [
      { id: productId, owner: 'u_ada', visibility: one.visibility, archived: one.archived },
    ]);
    const payments = await catalog.carrying({ subject: one.buyer, context: { product: productId } });
    expect(await outcomeOf(payments.products.quote.query({ productId }))).toBe(one.expected);
  });
});

describe('limits', () => {
  test('a body over 64 kB is 413, another content type 415', async () => {
    const post = (body: string, type: string) =>
      fetch(`${catalog.url}/trpc/products.create`, { method: 'POST', body, headers: { 'content-type': type } });
    expect((await post(JSON.stringify('x'.repeat(65 * 1024)), 'application/json')).status).toBe(413);
    expect((await post('{}', 'text/plain')).status).toBe(415);
  });

  test('a batch of 10 is answered, one of 11 refused', async () => {
    const batch = (size: number) =>
      fetch(`${catalog.url}/trpc/${Array.from({ length: size }, () => 'categories.list').join(',')}?batch=1&input={}`);
    expect((await batch(10)).status).toBe(200);
    expect((await batch(11)).status).toBe(400);
  });
});

test('ready means database, keys and feed', async () => {
  const response = await fetch(`${catalog.url}/readyz`);
  const answer: unknown = await response.json();
  expect(answer).toMatchObject({ ready: true, parts: { database: true, keys: true, feed: true, policy: true } });
  expect(answer).toHaveProperty('readings.feedSilenceMs', expect.any(Number));
});

test('the run-time role deletes nothing, gives nothing away, and writes no categories', async () => {
  const forbidden = [
    'DELETE FROM products',
    'TRUNCATE products',
    `UPDATE products SET owner_subject = 'u_grace'`,
    'UPDATE products SET created_at = now()',
    `INSERT INTO categories VALUES ('ships', 'Ships')`,
  ];
  for (const statement of forbidden) await expect(catalog.pool.query(statement)).rejects.toThrow('permission denied');
});

test('a database that cannot be reached is 503, not "there is no such product"', async () => {
  const nowhere = createPool({ url: 'postgres://nobody@127.0.0.1:1/nothing', schema: 'catalog' });
  const isolated = await runCatalog({ pool: nowhere });
  expect(await outcomeOf(isolated.anonymous.products.get.query({ id }))).toBe('503 temporarily_unavailable');
  expect(await outcomeOf((await isolated.as('u_ada')).products.update.mutate({ id, amount: '1' }))).toBe(
    '503 temporarily_unavailable',
  );
  expect((await fetch(`${isolated.url}/readyz`)).status).toBe(503);
  await isolated.close();
});
