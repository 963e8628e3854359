import { localVerifier, openGates, openRequest, systemClock, type Gates } from '@sallyport/auth';
import { testAuthority } from '@sallyport/auth/testing';
import { sealRouter, trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import type { CatalogRouter } from '@sallyport/catalog/contract';
import { linkFetchBy, sendingByUndici } from '@sallyport/client/service';
import { isReachable } from '@sallyport/db';
import { createLog, formatError, readEnvironment, refuse, serve, startService } from '@sallyport/service';
import { createTRPCClient, httpLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { z } from 'zod';
import { openPayments, type PaymentsDatabase } from '../database.ts';
import { paymentsSettings } from '../environment.ts';
import { pay, paymentMade, topUp } from '../ledger.ts';
import { amountInput, currencyInput } from '../money.ts';
import { freshPrincipal } from '../testing/books.ts';
import { vouchedBy, type Vouch } from './vouching.ts';

// Payments' own ledger, HTTP and database, and nobody asks who is calling: what a payment would cost without any auth. Run by the
// benchmark in the place of `main.ts`. It moves anybody's money for anybody, so it does not start before it is told that the database is
// one that is thrown away.

type Context = TrustContext &
  Readonly<{
    database: PaymentsDatabase;
    askPrice: (productId: string) => Promise<string>;
    vouch: Vouch;
  }>;

const t = initTRPC.context<Context>().meta<TrustMeta>().create({ errorFormatter: formatError, isDev: false });
const anybody = trustTiers(t.procedure).publicRead();

const buyer = z.string().min(1).max(64);
const money = z.strictObject({ buyer, amount: amountInput, currency: currencyInput });
const payment = money.extend({ productId: z.uuid(), seller: buyer });

const keyOf = ({ request }: Context): string =>
  request.idempotencyKeys[0] ??
  refuse({ code: 'BAD_REQUEST', reason: 'idempotency_key_missing', message: 'Send an Idempotency-Key.' });

const router = t.router({
  topUp: anybody
    .input(money)
    .mutation(({ ctx, input: { buyer: subject, ...order } }) =>
      topUp(ctx.database, freshPrincipal(subject), { ...order, idempotencyKey: keyOf(ctx) }),
    ),

  /** The ledger alone. */
  pay: anybody
    .input(payment)
    .mutation(({ ctx, input: { buyer: subject, ...order } }) =>
      pay(ctx.database, freshPrincipal(subject), { ...order, idempotencyKey: keyOf(ctx) }),
    ),

  /** All that `purchase` does, without a token: catalog is asked for the price as anybody may ask. */
  purchase: anybody.input(payment).mutation(({ ctx, input }) => purchase(ctx, input)),

  /** The same, of somebody who was vouched for, and is carried on: the least that a payment in a buyer's name does. */
  purchaseVouchedFor: anybody
    .input(payment.extend({ token: z.string(), session: z.string() }))
    .mutation(async ({ ctx, input: { token, session, ...order } }) => {
      const { productId: product, amount, currency } = order;
      if ((await ctx.vouch({ token, session, about: { product, amount, currency } })) !== order.buyer)
        refuse({ code: 'FORBIDDEN', reason: 'forbidden', message: 'This is the session of somebody else.' });
      return purchase(ctx, order);
    }),
});

async function purchase(ctx: Context, { buyer: subject, ...order }: z.output<typeof payment>) {
  const [principal, idempotencyKey] = [freshPrincipal(subject), keyOf(ctx)];
  const made = await paymentMade(ctx.database, principal, { ...order, idempotencyKey });
  if (made !== undefined) return made;
  const price = await ctx.askPrice(order.productId);
  if (price !== order.amount) refuse({ code: 'CONFLICT', reason: 'price_changed', message: 'Another price.' });
  return pay(ctx.database, principal, { ...order, idempotencyKey });
}

await startService('payments', async () => {
  const { PORT, HOST, DATABASE_URL, LOG_LEVEL, CATALOG_URL, VOUCHING_URL } = readEnvironment(ownSettings());
  const log = createLog('payments', LOG_LEVEL);
  const { pool, database } = openPayments(DATABASE_URL);
  const gates = await gatesOfNobody();
  // Over the same connections as payments, and with a deadline as it has one.
  const send = sendingByUndici();
  const link = httpLink({ url: `${CATALOG_URL}/trpc`, fetch: linkFetchBy(send) });
  const catalog = createTRPCClient<CatalogRouter>({ links: [link] });
  const askPrice = async (id: string): Promise<string> =>
    (await catalog.products.get.query({ id }, { signal: AbortSignal.timeout(1500) })).amount;
  const vouch = await vouchedBy(VOUCHING_URL, send);
  return serve({
    name: 'payments',
    router: sealRouter(router),
    port: PORT,
    host: HOST,
    createContext: (incoming) => ({ request: openRequest({ ...incoming, gates }), database, askPrice, vouch }),
    readiness: async () => ({ database: await isReachable(pool) }),
    log,
    onClose: async () => {
      gates.close();
      await pool.end();
    },
  });
});

function ownSettings() {
  const { PORT, HOST, DATABASE_URL, LOG_LEVEL, CATALOG_URL } = paymentsSettings;
  const IS_THROWN_AWAY = z.literal('yes').describe('yes, if nobody will miss this database');
  const VOUCHING_URL = z.url().describe('where the least of an authority is asked');
  return { PORT, HOST, DATABASE_URL, LOG_LEVEL, CATALOG_URL, VOUCHING_URL, IS_THROWN_AWAY };
}

/** `serve` wants a tier for each procedure, and a tier wants gates. A request without a token asks them for nothing. */
async function gatesOfNobody(): Promise<Gates> {
  const { issuer, keys } = await testAuthority(systemClock);
  const local = localVerifier({ issuer, audience: 'payments', keys });
  return openGates({ issuers: [{ issuer, local, revocations: { feed: 'none', believeForSeconds: 0 } }] });
}
