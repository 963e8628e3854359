import { z } from 'zod';
import { agreementInput, toCatalog } from './catalog-quote.ts';
import { refund, topUp } from './ledger.ts';
import { amountInput, currencyInput } from './money.ts';
import { purchase } from './purchase.ts';
import { balance, statement } from './statement.ts';
import { router, trust } from './trpc.ts';

const reading = { scope: 'payments:read' };

/** Seconds that a second factor is good for when money moves. */
const moving = { scope: 'payments:write', mfaWithinSeconds: 300 };

const page = z.strictObject({ limit: z.int().min(1).max(100).default(20), cursor: z.uuid().optional() });
const money = z.strictObject({ amount: amountInput, currency: currencyInput });

/** The procedures of payments. What each answers and refuses stands at the function it calls. */
export const paymentsRouter = router({
  balance: trust.authenticatedRead(reading).query(({ ctx }) => balance(ctx.database, ctx.principal.user)),

  statement: trust
    .authenticatedRead(reading)
    .input(page.prefault({}))
    .query(({ ctx, input }) => statement(ctx.database, ctx.principal.user, input)),

  topUp: trust
    .regulatedAction(moving)
    .input(money)
    .mutation(({ ctx, input }) => topUp(ctx.database, ctx.principal, { ...input, idempotencyKey: ctx.idempotencyKey })),

  pay: trust
    .regulatedAction({ ...moving, onward: toCatalog })
    .input(agreementInput)
    .mutation(({ ctx, input }) => purchase(ctx, ctx.principal, { ...input, idempotencyKey: ctx.idempotencyKey })),

  refund: trust
    .regulatedAction(moving)
    .input(z.strictObject({ transferId: z.uuid() }))
    .mutation(({ ctx, input }) =>
      refund(ctx.database, ctx.principal, { ...input, idempotencyKey: ctx.idempotencyKey }),
    ),
});

export type PaymentsRouter = typeof paymentsRouter;
