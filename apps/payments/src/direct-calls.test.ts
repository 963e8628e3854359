import { sealRouter } from '@sallyport/auth/trpc';
import { proceduresOf, routerRequests, twoSides, type Received } from '@sallyport/service/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { paymentsRouter } from './router.ts';
import { openTestHouse, type TestHouse } from './testing/house.ts';

const procedures = proceduresOf(sealRouter(paymentsRouter));

const productId = '00000000-0000-7000-8000-000000000001';
const price = { amount: '1999', currency: 'EUR' };

const inputs: Readonly<Record<string, readonly unknown[]>> = {
  balance: [],
  statement: [{ limit: 1 }, { limit: 100 }],
  topUp: [{ ...price, amount: '5000' }, price],
  pay: [
    { productId, ...price },
    { productId, ...price, amount: '1' },
  ],
  refund: [{ transferId: productId }],
};

/** As it is, and with tRPC's resolver alone. Each has books of its own, so that each request has its effect once. */
let houses: readonly [TestHouse, TestHouse];
beforeAll(async () => {
  const direct = await openTestHouse();
  const official = await openTestHouse({ authority: direct.authority, directCalls: false });
  houses = [direct, official];
  for (const { catalog } of houses) catalog.offers.set(productId, { productId, ...price, seller: 'u_grace' });
});
afterAll(() => Promise.all(houses.map((house) => house.close())));

test('inputs are here for every procedure, so that none that is added is forgotten', () => {
  expect(Object.keys(inputs).toSorted()).toEqual(procedures.map(({ path }) => path).toSorted());
});

test('whoever calls whatever in whatever way: what is answered directly, and what by tRPC, cannot be told apart', async () => {
  const { authority } = houses[0];
  authority.secondFactor('1.buyer');
  const scope = 'payments:read payments:write';
  const buyer = { audience: 'payments', scope, subject: 'u_ada', session: '1.buyer', acr: 'aal2' };
  const authorization = ['Authorization', `Bearer ${await authority.userToken(buyer)}`] as const;
  const lacking = await authority.userToken({ audience: 'payments', scope: 'payments:read', subject: 'u_eve' });
  const requests = routerRequests({
    procedures,
    inputs,
    credentials: [
      [authorization, ['Idempotency-Key', 'of each']],
      [authorization, ['Idempotency-Key', 'the-same']],
      [authorization],
      [
        ['Authorization', `Bearer ${lacking}`],
        ['Idempotency-Key', 'another'],
      ],
    ],
  });
  const sides = twoSides(houses);
  const seen = new Set<string>();
  for (const [index, { headers, ...rest }] of requests.entries()) {
    const own = headers.map(([name, value]) => [name, value === 'of each' ? `key-${index}` : value] as const);
    const sent = { ...rest, headers: own };
    const [direct, official] = (await sides.send(sent)).map(comparable);
    expect({ sent, ...direct }).toEqual({ sent, ...official });
    seen.add(`${direct?.status}`).add(`${sent.path.split('?')[0]} ${direct?.status}`);
  }
  sides.stop();
  expect([...seen]).toEqual(expect.arrayContaining(['200', '207', '400', '401', '403', '405', '409', '415', '422']));
  // Money moved.
  expect([...seen]).toEqual(expect.arrayContaining(['/trpc/topUp 200', '/trpc/pay 200']));
});

/** Without what is made anew for each answer: the id of a transfer and its time. */
function comparable({ text, ...received }: Received): Received {
  const ids = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  return { ...received, text: text.replace(ids, 'id').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time') };
}
