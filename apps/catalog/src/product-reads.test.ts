import { randomUUID, randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { insertProducts, outcomeOf, runCatalog, type RunningCatalog } from './testing/running-catalog.ts';

let catalog: RunningCatalog;

beforeAll(async () => {
  catalog = await runCatalog();
});
beforeEach(() => catalog.admin.query('TRUNCATE products'));
afterAll(() => catalog.close());

type Query = { category?: string; search?: string };

test.each<{ query: Query }>([{ query: {} }, { query: { category: 'kitchen' } }, { query: { search: 'kettle' } }])(
  'a page of $query costs one statement, however many products are on it',
  async ({ query }) => {
    await insertProducts(
      catalog,
      Array.from({ length: 30 }, (_, index) => ({ id: randomUUIDv7(), visibility: index % 2 ? 'owner' : 'public' })),
    );
    catalog.statements.length = 0;
    const page = await catalog.anonymous.products.list.query({ ...query, limit: 10 });
    expect(page.items).toHaveLength(10);
    expect(catalog.statements).toHaveLength(1);
  },
);

const word = fc.constantFrom('kettle', 'kettle kettle', 'copper kettle', 'pan');
const row = fc.record({
  id: fc.uuid({ version: 7 }),
  name: word,
  description: word,
  category: fc.constantFrom('kitchen', 'books'),
  visibility: fc.constantFrom('public' as const, 'public' as const, 'public' as const, 'owner' as const),
});
const uniqueRows = fc.uniqueArray(row, { selector: ({ id }) => id, minLength: 12, maxLength: 40 });
const queries = fc.constantFrom<Query>(
  {},
  { category: 'books' },
  { search: 'kettle' },
  { search: 'kettle', category: 'kitchen' },
);

test('pages repeat no product and lose none that was there, whatever is added meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      uniqueRows,
      queries,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
      async (rows, query, limits) => {
        await catalog.admin.query('TRUNCATE products');
        // Every other product is there from the start, the rest come one by one between pages, in any place.
        const late = rows.filter((_, index) => index % 2 === 1);
        await insertProducts(
          catalog,
          rows.filter((_, index) => index % 2 === 0),
        );
        const atStart = await everyPage({ ...query, limit: 100 }, []);
        const seen = await everyPage({ ...query, limits }, late);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.filter((id) => atStart.includes(id))).toEqual(atStart);
      },
    ),
    { numRuns: 40 },
  );
});

type Walk = Query & { limit?: number; limits?: readonly number[] };

/** Ids in the order they came, with one more product inserted after each page. */
async function everyPage(
  { limit, limits = [], ...query }: Walk,
  late: Parameters<typeof insertProducts>[1],
): Promise<string[]> {
  const ids: string[] = [];
  const waiting = [...late];
  let cursor: string | undefined;
  for (let turn = 0; turn < 1000; turn += 1) {
    const size = limit ?? limits[turn % limits.length] ?? 1;
    const page = await catalog.anonymous.products.list.query({
      ...query,
      limit: size,
      ...(cursor !== undefined && { cursor }),
    });
    ids.push(...page.items.map(({ id }) => id));
    await insertProducts(catalog, waiting.splice(0, 1));
    if (page.nextCursor === undefined) return ids;
    cursor = page.nextCursor;
  }
  throw new Error('The pages do not end.');
}

test('newest products come first, and the default page has 20', async () => {
  const ids = Array.from({ length: 25 }, (_, index) => `01a1fd78-00${index + 10}-7000-8000-000000000000`);
  await insertProducts(
    catalog,
    ids.map((id) => ({ id })),
  );
  const page = await catalog.anonymous.products.list.query();
  expect(page.items.map(({ id }) => id)).toEqual(ids.toReversed().slice(0, 20));
});

test('search finds by words of name and description, the name counting more', async () => {
  const [named, described, other] = [randomUUID(), randomUUID(), randomUUID()];
  await insertProducts(catalog, [
    { id: described, name: 'Beech Spoon', description: 'Stirs what the kettles boiled.' },
    { id: named, name: 'Copper Kettle', description: 'Made by hand.' },
    { id: other, name: 'Atlas', description: 'Of islands.', category: 'books' },
  ]);
  const found = async (search: string) =>
    (await catalog.anonymous.products.list.query({ search })).items.map(({ id }) => id);
  expect(await found('kettle')).toEqual([named, described]);
  expect(await found('boiling spoons')).toEqual([described]);
  expect(await found('"copper kettle"')).toEqual([named]);
  expect(await found('kettle -copper')).toEqual([described]);
  expect(await found('atlas or hand')).toHaveLength(2);
  expect(await found('zeppelin')).toEqual([]);
});

test.each(['"', "'; DROP TABLE products; --", '& | ! ( )', 'a:*', '\\', '%', '-', 'the', '🫖', '\u202e'])(
  'a search for %j is a search, whatever is in it',
  async (search) => {
    await insertProducts(catalog, [{ id: randomUUID() }]);
    expect(await outcomeOf(catalog.anonymous.products.list.query({ search }))).toBe('done');
  },
);

test('a cursor belongs to its query: every other use is 400 invalid_cursor', async () => {
  await insertProducts(catalog, [
    { id: randomUUIDv7(), owner: 'u_ada' },
    { id: randomUUIDv7(), owner: 'u_ada' },
  ]);
  const ada = await catalog.as('u_ada');
  const cursor = (await catalog.anonymous.products.list.query({ limit: 1, search: 'kettle' })).nextCursor;
  const ownCursor = (await ada.products.mine.query({ limit: 1 })).nextCursor;
  if (cursor === undefined || ownCursor === undefined) throw new Error('There is a second page.');
  const { list, mine } = ada.products;
  const grace = await catalog.as('u_grace');
  const misuses = [
    () => list.query({ cursor }),
    () => list.query({ cursor, search: 'pan' }),
    () => list.query({ cursor, search: 'kettle', category: 'kitchen' }),
    () => list.query({ cursor: ownCursor }),
    () => mine.query({ cursor }),
    () => grace.products.mine.query({ cursor: ownCursor }),
  ];
  for (const misuse of misuses) expect(await outcomeOf(misuse())).toBe('400 invalid_cursor');
  expect(await outcomeOf(list.query({ cursor, search: 'kettle', limit: 7 }))).toBe('done');
  expect(await outcomeOf(mine.query({ cursor: ownCursor }))).toBe('done');
});

const wrongMembers = [
  { rank: '1' },
  { rank: -1 },
  { rank: 1e300 },
  { rank: 1e-300 },
  { rank: null },
  { id: 'x' },
  { id: "' OR true --" },
  { id: undefined },
  { offset: 3 },
];

test('a cursor that was tampered with is 400 invalid_cursor', async () => {
  await insertProducts(catalog, [{ id: randomUUID() }, { id: randomUUID() }]);
  const { list } = catalog.anonymous.products;
  const { nextCursor = '' } = await list.query({ limit: 1, search: 'kettle' });
  const genuine = z.looseObject({}).parse(JSON.parse(Buffer.from(nextCursor, 'base64url').toString()));
  const texts = [
    '',
    'null',
    '[]',
    '"x"',
    '{"query":1}',
    ...wrongMembers.map((wrong) => JSON.stringify({ ...genuine, ...wrong })),
  ];
  const cursors = ['x', '!!!', ...texts.map((text) => Buffer.from(text).toString('base64url') || 'AA')];
  for (const cursor of cursors) {
    expect(`${cursor}: ${await outcomeOf(list.query({ cursor, search: 'kettle' }))}`).toMatch(/: 400 invalid_cursor$/);
  }
  expect(await outcomeOf(list.query({ cursor: nextCursor, search: 'kettle' }))).toBe('done');
});

test('categories are listed by name', async () => {
  expect(await catalog.anonymous.categories.list.query()).toEqual([
    { slug: 'books', name: 'Books' },
    { slug: 'kitchen', name: 'Kitchen' },
  ]);
});
