import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { insertProducts, outcomeOf, runCatalog, type Caller, type RunningCatalog } from './testing/running-catalog.ts';

let catalog: RunningCatalog;
let callers: Readonly<Record<string, Caller>>;

beforeAll(async () => {
  catalog = await runCatalog();
  callers = {
    anonymous: catalog.anonymous,
    u_ada: await catalog.as('u_ada'),
    u_grace: await catalog.as('u_grace'),
    u_alan: await catalog.as('u_alan'),
  };
});
beforeEach(() => catalog.admin.query('TRUNCATE products'));
afterAll(() => catalog.close());

const visibilities = ['public', 'authenticated', 'owner'] as const;

/** The rule, said once more in other words, for comparison. */
function maySee(viewer: string, product: { owner: string; visibility: string; archived: boolean }): boolean {
  if (viewer === product.owner) return true;
  if (product.archived) return false;
  return product.visibility === 'public' || (product.visibility === 'authenticated' && viewer !== 'anonymous');
}

test('list, search, get and mine show exactly what a viewer may see', async () => {
  const product = fc.record({
    id: fc.uuid({ version: 7 }),
    owner: fc.constantFrom('u_ada', 'u_grace'),
    visibility: fc.constantFrom(...visibilities),
    archived: fc.boolean(),
  });
  const catalogs = fc.uniqueArray(product, { selector: ({ id }) => id, maxLength: 12 });

  await fc.assert(
    fc.asyncProperty(catalogs, async (products) => {
      await catalog.admin.query('TRUNCATE products');
      await insertProducts(catalog, products);
      for (const [viewer, caller] of Object.entries(callers)) {
        const visible = products.filter((one) => maySee(viewer, one)).map(({ id }) => id);
        const own = products.filter(({ owner }) => owner === viewer).map(({ id }) => id);
        expect(idsOf(await caller.products.list.query({ limit: 100 }))).toEqual(visible.toSorted());
        expect(idsOf(await caller.products.list.query({ limit: 100, search: 'kettle' }))).toEqual(visible.toSorted());
        // `mine` needs a token, and a stranger owns nothing.
        const mine = viewer === 'anonymous' ? { items: [] } : await caller.products.mine.query({ limit: 100 });
        expect(idsOf(mine)).toEqual(own.toSorted());
        for (const { id } of products) {
          const expected = visible.includes(id) ? 'done' : '404 not_found';
          expect(await outcomeOf(caller.products.get.query({ id }))).toBe(expected);
        }
      }
    }),
    { numRuns: 25 },
  );
});

function idsOf(page: { items: readonly { id: string }[] }): string[] {
  return page.items.map(({ id }) => id).toSorted();
}

test('what may not be seen answers byte for byte like what does not exist', async () => {
  const [hidden, archived, missing] = [randomUUID(), randomUUID(), randomUUID()];
  await insertProducts(catalog, [
    { id: hidden, visibility: 'owner' },
    { id: archived, archived: true },
  ]);
  const answers = await Promise.all([hidden, archived, missing].map((id) => answerTo('products.get', { id })));
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toContain('404');
});

async function answerTo(path: string, input: unknown): Promise<string> {
  const query = new URLSearchParams({ input: JSON.stringify(input) });
  const response = await fetch(`${catalog.url}/trpc/${path}?${query.toString()}`);
  return `${response.status} ${await response.text()}`;
}

test('a token without catalog:read opens nobody’s drawers', async () => {
  const id = randomUUID();
  await insertProducts(catalog, [{ id, visibility: 'owner', owner: 'u_ada' }]);
  const writer = await catalog.as('u_ada', { scope: 'catalog:write' });
  expect(await outcomeOf(writer.products.get.query({ id }))).toBe('404 not_found');
  expect((await writer.products.list.query({})).items).toEqual([]);
});

test('a list names no owner, only whether a product is the viewer’s own', async () => {
  await insertProducts(catalog, [{ id: randomUUID(), owner: 'u_ada' }]);
  const ada = await callers['u_ada']?.products.list.query();
  const grace = await callers['u_grace']?.products.list.query();
  expect([ada?.items[0]?.own, grace?.items[0]?.own]).toEqual([true, false]);
  expect(JSON.stringify(grace)).not.toContain('u_ada');
});
