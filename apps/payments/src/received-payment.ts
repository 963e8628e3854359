import { and, eq, ne } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { PaymentsDatabase } from './database.ts';
import { accounts, postings, transfers } from './schema.ts';

export type ReceivedPayment = Readonly<{
  from: bigint;
  to: bigint;
  amount: bigint;
  currency: string;
  product: string | undefined;
}>;

/** The payment `transferId`, if `subject` received it, with the sides of its refund: from the merchant, to the payer. */
export async function receivedPayment(
  database: PaymentsDatabase,
  transferId: string,
  subject: string,
): Promise<ReceivedPayment | undefined> {
  const received = alias(postings, 'received');
  const paid = alias(postings, 'paid');
  const [row] = await database
    .select({
      from: received.account,
      to: paid.account,
      amount: received.amount,
      currency: accounts.currency,
      product: transfers.product,
    })
    .from(transfers)
    .innerJoin(received, eq(received.transfer, transfers.id))
    .innerJoin(accounts, eq(accounts.id, received.account))
    .innerJoin(paid, and(eq(paid.transfer, transfers.id), ne(paid.account, received.account)))
    .where(
      and(
        eq(transfers.id, transferId),
        eq(transfers.kind, 'payment'),
        eq(accounts.kind, 'merchant'),
        eq(accounts.owner, subject),
      ),
    );
  return row && { ...row, product: row.product ?? undefined };
}
