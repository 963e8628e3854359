import { randomUUID } from 'node:crypto';
import { openCaller } from '@sallyport/infra/one-caller';
import { z } from 'zod';
import { callProcedure } from '../call-procedure.ts';
import type { Comparison, Contestant, Figure, Run } from '../figure.ts';
import { startLedgerWithoutGates } from '../ledger-without-gates.ts';
import type { LoadRequest } from '../load-generator.ts';
import { startMeasured } from '../measured-process.ts';
import { bearer, signInMany, type House, type SignedIn } from '../signed-in.ts';
import { wholeHouse } from '../whole-house.ts';

const callers = 16;
const bound = { atMost: 1.5 };
const cent = { amount: '1', currency: 'EUR' };

const withAuth = 'payments.pay';
const withoutAuth = 'its ledger call alone, no auth';
const withoutAuthAtPrice = 'the same payment, no auth';
const vouchedFor = 'the same payment, no auth but the least of a fresh check';
const topUpWithAuth = 'payments.topUp';
const topUpWithoutAuth = 'the same top-up, no auth';

export const payment: Figure = {
  id: 'B12',
  title: 'A payment with the step-up done, end to end ÷ the same ledger call with no auth at all, 16 callers',
  seconds: { quick: 12, full: 90 },
  shares: wholeHouse,
  open,
};

/** Somebody who buys always the same product, of somebody else's: buyers wait for each other nowhere but at the services. */
type Buyer = SignedIn & Readonly<{ productId: string; seller: string }>;

async function open(run: Run): Promise<Comparison> {
  const house = await run.shared(wholeHouse);
  const { urls, databaseUrl } = house;
  const { measuredService: launcher, rest } = run.pinning;
  // In the authority's place.
  const least = await startMeasured({
    program: 'bare-carrying.ts',
    launcher: rest,
    settings: { DATABASE_URL: databaseUrl, KEY_SET: `${urls.auth}/oauth/jwks` },
  });
  const places = { databaseUrl, catalogUrl: urls.catalog, vouchingUrl: least.url };
  const bare = await startLedgerWithoutGates({ ...places, launcher });
  const buyers = await makeBuyers(house);
  const load = await run.load();

  const contestant = (name: string, url: string, requestOf: (buyer: Buyer) => LoadRequest): Contestant => ({
    name,
    round: async (forMs) => {
      // Each key pays once, so there are more requests than anybody answers in that time.
      const requests = Array.from({ length: callers * Math.ceil(forMs / 4) }, (_, turn) =>
        requestOf(takeTurn(buyers, turn)),
      );
      const round = await load.send({ url, requests, connections: callers, forMs, containing: '"transferId"' });
      if ((round.perSecond * forMs) / 1000 > requests.length) throw new Error('Some payments were repetitions.');
      return round;
    },
  });
  return {
    kind: 'comparison',
    contestants: [
      contestant(withAuth, urls.payments, (buyer) =>
        post('pay', { productId: buyer.productId, ...cent }, bearer(buyer, 'payments')),
      ),
      contestant(withoutAuth, bare.url, ({ subject: buyer, productId, seller }) =>
        post('pay', { buyer, productId, seller, ...cent }),
      ),
      contestant(withoutAuthAtPrice, bare.url, ({ subject: buyer, productId, seller }) =>
        post('purchase', { buyer, productId, seller, ...cent }),
      ),
      contestant(vouchedFor, bare.url, ({ subject: buyer, session, accessTokens: { payments }, productId, seller }) =>
        post('purchaseVouchedFor', { buyer, session, token: payments.token, productId, seller, ...cent }),
      ),
      contestant(topUpWithAuth, urls.payments, (buyer) => post('topUp', { ...cent }, bearer(buyer, 'payments'))),
      contestant(topUpWithoutAuth, bare.url, ({ subject: buyer }) => post('topUp', { buyer, ...cent })),
    ],
    goals: [
      { of: withAuth, over: withoutAuth, measure: 'p99', bound, limit: vouchedFor },
      { of: withAuth, over: withoutAuthAtPrice, measure: 'p99', bound },
      { of: topUpWithAuth, over: topUpWithoutAuth, measure: 'p99', bound },
    ],
    // No shorter: a percentile of a short round is a handful of payments.
    ...(!run.quick && { roundMs: 2000, cuts: 3 }),
    notes: [
      'Each buyer pays another seller, so nobody waits for a row. The ledger without auth is a process of its own, with the same HTTP, on the same database.',
      '`payments.pay` also asks catalog for the price, in the buyer’s name; "the same payment" asks it as anybody may, "its ledger call alone" does not ask. The limit is the same payment with the least that a payment in a buyer’s name does: one request to a node:http server in the authority’s place, which checks the signature of the buyer’s token, reads the row of the session and signs a statement for catalog, whose signature is checked. What token, row and statement say is looked at by nobody. `payments.topUp` is the gates and the ledger and nothing else.',
    ],
    close: async () => {
      await Promise.all([bare.stop(), least.stop()]);
    },
  };
}

async function makeBuyers(house: House): Promise<readonly Buyer[]> {
  const people = await signInMany(house, callers);
  const offers = await Promise.all(people.map((person) => offer(house.urls.catalog, person)));
  await Promise.all(people.map((person) => fillWallet(house.urls.payments, person)));
  return people.map((person, index) => ({ ...person, ...takeTurn(offers, index + 1) }));
}

async function offer(catalogUrl: string, person: SignedIn): Promise<Pick<Buyer, 'productId' | 'seller'>> {
  const product = {
    name: 'A cent’s worth',
    description: 'Sold by the thousand.',
    category: 'books',
    visibility: 'public',
  };
  const made = await callOnce(catalogUrl, post('products.create', { ...product, ...cent }, bearer(person, 'catalog')));
  return { productId: z.object({ id: z.string() }).parse(made).id, seller: person.subject };
}

async function fillWallet(paymentsUrl: string, person: SignedIn): Promise<void> {
  await callOnce(paymentsUrl, post('topUp', { ...cent, amount: '100000000' }, bearer(person, 'payments')));
}

/** One call, over a connection of its own. */
async function callOnce(url: string, request: LoadRequest): Promise<unknown> {
  const caller = openCaller(url);
  const answer = await callProcedure(caller, request);
  caller.close();
  return answer;
}

function post(procedure: string, input: object, headers: Readonly<Record<string, string>> = {}): LoadRequest {
  return {
    method: 'POST',
    path: `/trpc/${procedure}`,
    headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers },
    body: JSON.stringify(input),
  };
}

function takeTurn<Item>(items: readonly Item[], turn: number): Item {
  const item = items[turn % items.length];
  if (item === undefined) throw new Error('There is nobody.');
  return item;
}
