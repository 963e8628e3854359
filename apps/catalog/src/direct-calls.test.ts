import { sealRouter } from '@sallyport/auth/trpc';
import { proceduresOf, routerRequests, twoSides, type Received } from '@sallyport/service/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogRouter } from './router.ts';
import { insertProducts, runCatalog, type RunningCatalog } from './testing/running-catalog.ts';

const procedures = proceduresOf(sealRouter(catalogRouter));

const own = '00000000-0000-7000-8000-000000000001';
const hidden = '00000000-0000-7000-8000-000000000002';
const nowhere = '00000000-0000-7000-8000-000000000009';
const kettle = { name: 'Kettle', description: 'It boils.', category: 'kitchen', amount: '1999', currency: 'EUR' };
const keys = [{ id: own }, { id: hidden }, { id: nowhere }];

const inputs: Readonly<Record<string, readonly unknown[]>> = {
  'categories.list': [],
  'products.list': [{ limit: 1 }, { search: 'kettle' }, { category: 'books', cursor: 'x' }],
  'products.get': keys,
  'products.mine': [{ limit: 1 }, { limit: 100 }],
  'products.create': [kettle, { ...kettle, category: 'toys' }],
  'products.update': [
    { id: own, name: 'Pot' },
    { id: hidden, amount: '5' },
  ],
  'products.archive': keys,
  'products.restore': keys,
  'products.quote': [{ productId: own }, { productId: nowhere }],
};

/** As it is, and with tRPC's resolver alone. Each has a database of its own, so that each request has its effect once. */
let catalogs: readonly [RunningCatalog, RunningCatalog];
beforeAll(async () => {
  const direct = await runCatalog();
  // The first has published the rules for both.
  const official = await runCatalog({ authority: direct.authority, directCalls: false, withoutRules: true });
  catalogs = [direct, official];
  for (const catalog of catalogs)
    await insertProducts(catalog, [{ id: own }, { id: hidden, owner: 'u_eve', visibility: 'owner' }]);
});
afterAll(() => Promise.all(catalogs.map((catalog) => catalog.close())));

test('inputs are here for every procedure, so that none that is added is forgotten', () => {
  expect(Object.keys(inputs).toSorted()).toEqual(procedures.map(({ path }) => path).toSorted());
});

test('whoever calls whatever in whatever way: what is answered directly, and what by tRPC, cannot be told apart', async () => {
  const { authority } = catalogs[0];
  authority.setRoles('u_curator', ['curator']);
  const person = async (subject: string, scope: string) => {
    const token = await authority.userToken({ audience: 'catalog', scope, subject });
    return [['Authorization', `Bearer ${token}`]] as const;
  };
  const service = await authority.serviceToken({ client: 'payments', audience: 'catalog', scope: 'catalog:read' });
  const carried = await authority.transactionToken({
    service: 'payments',
    scope: 'catalog:read',
    context: { product: own },
  });
  const requests = routerRequests({
    procedures,
    inputs,
    credentials: [
      await person('u_ada', 'catalog:read catalog:write'),
      await person('u_curator', 'catalog:write'),
      [
        ['Authorization', `Bearer ${service}`],
        ['Txn-Token', carried],
      ],
      [['Authorization', `Bearer ${await authority.foreignToken({ audience: 'catalog', scope: 'catalog:read' })}`]],
    ],
  });
  const sides = twoSides(catalogs);
  const seen = new Set<number | undefined>();
  for (const sent of requests) {
    const [direct, official] = (await sides.send(sent)).map(comparable);
    expect({ sent, ...direct }).toEqual({ sent, ...official });
    seen.add(direct?.status);
  }
  sides.stop();
  expect([...seen]).toEqual(expect.arrayContaining([200, 207, 400, 401, 403, 404, 405, 415]));
});

/** Without what is made anew for each answer: the id and the times of a product, and a cursor that names one. */
function comparable({ text, ...received }: Received): Received {
  const ids = /(?!0{8})[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  const times = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
  const cursors = /"(\w*[cC]ursor)":"[^"]+"/g;
  return { ...received, text: text.replace(ids, 'id').replace(times, 'time').replace(cursors, '"$1":"there"') };
}
