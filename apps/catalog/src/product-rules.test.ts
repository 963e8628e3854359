import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  houseRules,
  insertProducts,
  outcomeOf,
  runCatalog,
  type Caller,
  type RunningCatalog,
} from './testing/running-catalog.ts';

let catalog: RunningCatalog;
let curator: Caller;
let version = 1;

beforeAll(async () => {
  catalog = await runCatalog();
  catalog.authority.setRoles('u_curator', ['curator']);
  curator = await catalog.as('u_curator');
});
beforeEach(() => catalog.admin.query('TRUNCATE products'));
afterEach(() => catalog.authority.setReachable(true));
afterAll(() => catalog.close());

type Product = Parameters<typeof insertProducts>[1][number];
async function product(row: Omit<Product, 'id'> = {}): Promise<string> {
  const id = randomUUID();
  await insertProducts(catalog, [{ id, owner: 'u_ada', ...row }]);
  return id;
}

/** Publishes the house rules with more of them, and waits until they are in force here: at most a second. */
async function publish(...more: Record<string, unknown>[]): Promise<void> {
  const house = await houseRules();
  version += 1;
  catalog.authority.publishRuleSet({ ...house, version, rules: [...house.rules, ...more] });
  await vi.waitFor(() => expect(catalog.policy.version()).toBe(version), { interval: 2 });
}

describe('a curator', () => {
  test('sees, changes and archives what is anybody’s, and nothing that its owner keeps to themselves', async () => {
    for (const row of [{}, { visibility: 'authenticated' as const }]) {
      const id = await product(row);
      expect(await outcomeOf(curator.products.update.mutate({ id, amount: '1' }))).toBe('done');
      expect(await outcomeOf(curator.products.archive.mutate({ id }))).toBe('done');
      expect(await outcomeOf(curator.products.get.query({ id }))).toBe('done');
    }
    const kept = await product({ visibility: 'owner' });
    const calls = [
      curator.products.get.query({ id: kept }),
      curator.products.update.mutate({ id: kept, amount: '1' }),
      curator.products.archive.mutate({ id: kept }),
      curator.products.restore.mutate({ id: kept }),
    ];
    expect(new Set(await Promise.all(calls.map(outcomeOf)))).toEqual(new Set(['404 not_found']));
    const listed = (await curator.products.list.query({ limit: 100 })).items;
    expect(listed.map(({ archived }) => archived)).toEqual([true, true]);
  });

  test('restores what was archived, and again changes nothing; it is theirs alone to do', async () => {
    const id = await product({ archived: true });
    const ada = await catalog.as('u_ada');
    expect(await outcomeOf(ada.products.restore.mutate({ id }))).toBe('403 access_denied');
    expect(await outcomeOf(catalog.anonymous.products.restore.mutate({ id }))).toBe('401 unauthenticated');
    const restored = await curator.products.restore.mutate({ id });
    expect(restored.archived).toBe(false);
    const stored = await catalog.stored();
    expect(await curator.products.restore.mutate({ id })).toEqual(restored);
    expect(await catalog.stored()).toEqual(stored);
  });

  test('is one no longer when the authority says so, whatever the token says', async () => {
    const id = await product({ archived: true });
    catalog.authority.setRoles('u_former', ['curator']);
    const former = await catalog.as('u_former');
    catalog.authority.setRoles('u_former', []);
    expect(await outcomeOf(former.products.restore.mutate({ id }))).toBe('403 access_denied');
    expect(await outcomeOf(former.products.archive.mutate({ id }))).toBe('404 not_found');
  });
});

describe('a rule set that is published', () => {
  test('is in force at once: in lists, on one product, and in changes', async () => {
    const [id, other] = [await product({ category: 'books' }), await product()];
    const grace = await catalog.as('u_grace');
    expect(await outcomeOf(grace.products.update.mutate({ id, amount: '1' }))).toBe('403 not_owner');
    await publish(
      { to: 'user', action: 'change', subject: 'product', conditions: { visibility: 'public' } },
      { to: 'anyone', action: 'read', subject: 'product', inverted: true, conditions: { owner: 'u_hidden' } },
    );
    expect(await outcomeOf(grace.products.update.mutate({ id, amount: '1' }))).toBe('done');
    const hidden = await product({ owner: 'u_hidden' });
    const own = await catalog.as('u_hidden');
    expect(await outcomeOf(own.products.get.query({ id: hidden }))).toBe('404 not_found');
    for (const caller of [own, grace, catalog.anonymous]) {
      const { items } = await caller.products.list.query({ limit: 100 });
      expect(items.map((item) => item.id).toSorted()).toEqual([id, other].toSorted());
    }
    await publish();
    expect(await outcomeOf(own.products.get.query({ id: hidden }))).toBe('done');
  });

  test('does not mix with the one before: cursors go on, and pages keep their order', async () => {
    const ids = [];
    for (let index = 0; index < 6; index += 1) ids.push(await product());
    const first = await catalog.anonymous.products.list.query({ limit: 3 });
    await publish({ to: 'anyone', action: 'read', subject: 'product', inverted: true, conditions: { owner: 'u_x' } });
    const cursor = first.nextCursor;
    const second = await catalog.anonymous.products.list.query({ limit: 3, ...(cursor !== undefined && { cursor }) });
    const seen = [...first.items, ...second.items].map(({ id }) => id);
    expect(seen).toEqual(ids.toSorted().toReversed());
  });

  test.each([
    ['malformed', { rules: [{ to: 'anyone', action: 'read', subject: 'product', conditions: { $where: 'true' } }] }],
    ['of another vocabulary', { kinds: { product: { owner: 'string' } }, rules: [] }],
    ['older', { version: 1 }],
  ])('and is %s changes nothing; the next good one does', async (_what, changes) => {
    const id = await product();
    const before = catalog.policy.version();
    version += 1;
    catalog.authority.publishRuleSet({ ...(await houseRules()), version, ...changes });
    catalog.policy.reload();
    await vi.waitFor(() => expect(catalog.rulesAlarm()).toBe(true), { interval: 2 });
    expect(catalog.policy.version()).toBe(before);
    expect(await outcomeOf(catalog.anonymous.products.get.query({ id }))).toBe('done');
    await publish();
    expect(catalog.rulesAlarm()).toBe(false);
  });

  test('of a value that is no visibility finds nothing, and breaks nothing', async () => {
    await product();
    await publish({
      to: 'anyone',
      action: 'read',
      subject: 'product',
      inverted: true,
      conditions: { visibility: 'publik' },
    });
    expect((await catalog.anonymous.products.list.query()).items).toHaveLength(1);
    await publish();
  });
});

describe('before the first rules came', () => {
  let bare: RunningCatalog;
  beforeAll(async () => {
    bare = await runCatalog({ withoutRules: true });
  });
  afterAll(() => bare.close());

  test('strangers see what is public; whoever needs rules of their own is answered 503, with the reason in the log', async () => {
    const [open, members, kept] = [randomUUID(), randomUUID(), randomUUID()];
    await insertProducts(bare, [
      { id: open, owner: 'u_ada' },
      { id: members, owner: 'u_ada', visibility: 'authenticated' },
      { id: kept, owner: 'u_ada', visibility: 'owner' },
      { id: randomUUID(), owner: 'u_ada', archived: true },
    ]);
    const { products } = await bare.as('u_ada');
    for (const caller of [bare.anonymous.products, products]) {
      expect((await caller.list.query({ limit: 100 })).items.map(({ id }) => id)).toEqual([open]);
      expect(await outcomeOf(caller.get.query({ id: open }))).toBe('done');
      expect(await outcomeOf(caller.get.query({ id: members }))).toBe('404 not_found');
      expect(await outcomeOf(caller.get.query({ id: kept }))).toBe('404 not_found');
    }
    const payments = await bare.carrying({ subject: 'u_grace', context: { product: open } });
    const calls = [
      products.mine.query(),
      products.update.mutate({ id: open, amount: '1' }),
      products.archive.mutate({ id: open }),
      payments.products.quote.query({ productId: open }),
    ];
    expect(new Set(await Promise.all(calls.map(outcomeOf)))).toEqual(new Set(['503 temporarily_unavailable']));
    expect(bare.lines.join('')).toContain('"refused":["policy_unavailable"]');
    expect(await (await fetch(`${bare.url}/readyz`)).json()).toMatchObject({ ready: false, parts: { policy: false } });
  });
});
