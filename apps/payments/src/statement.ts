import { and, desc, eq, lt, ne, sql } from 'drizzle-orm';
import type { PaymentsDatabase } from './database.ts';
import { accounts, postings, transfers } from './schema.ts';

export type Balance = Readonly<{
  account: 'wallet' | 'merchant';
  currency: string;
  /** Minor units, as digits. */ balance: string;
}>;

type StatementLine = Readonly<{
  transferId: string;
  kind: 'top_up' | 'payment' | 'refund';
  account: 'wallet' | 'merchant';
  /** Minor units as digits, with a minus for what left the account. */
  amount: string;
  currency: string;
  productId: string | null;
  /** The payment that a refund gave back. */
  refunds: string | null;
  /** ISO 8601, UTC. */
  createdAt: string;
}>;

export type StatementPage = Readonly<{
  lines: readonly StatementLine[];
  /** Absent on the last page. */ nextCursor?: string;
}>;

// The kinds that are left when `isOwn` holds.
const ownKind = sql<'wallet' | 'merchant'>`${accounts.kind}`;

/** Funding accounts are the books' own business. */
function isOwn(subject: string) {
  return and(eq(accounts.owner, subject), ne(accounts.kind, 'funding'));
}

/** What a subject has, in each currency. */
export async function balance(database: PaymentsDatabase, subject: string): Promise<Balance[]> {
  const rows = await database
    .select({ account: ownKind, currency: accounts.currency, balance: accounts.balance })
    .from(accounts)
    .where(isOwn(subject))
    .orderBy(accounts.currency, desc(accounts.kind));
  return rows.map(({ account, currency, balance: amount }) => ({ account, currency, balance: String(amount) }));
}

/**
 * A subject's lines, newest first. `cursor` is the last transfer of the page before. Ids order by the time at which they were
 * made: a transfer that commits late shows up on the next walk. No transfer gives one subject two lines: nobody pays himself.
 */
export async function statement(
  database: PaymentsDatabase,
  subject: string,
  page: Readonly<{ limit: number; cursor?: string | undefined }>,
): Promise<StatementPage> {
  // From each account no more than a page, out of its index; the few accounts of one subject are then merged.
  const newest = database
    .select({ transfer: postings.transfer, amount: postings.amount })
    .from(postings)
    .where(
      and(
        eq(postings.account, accounts.id),
        page.cursor === undefined ? undefined : lt(postings.transfer, page.cursor),
      ),
    )
    .orderBy(desc(postings.transfer))
    .limit(page.limit + 1)
    .as('newest');
  const rows = await database
    .select({ account: ownKind, currency: accounts.currency, amount: newest.amount, transfer: transfers })
    .from(accounts)
    .crossJoinLateral(newest)
    .innerJoin(transfers, eq(transfers.id, newest.transfer))
    .where(isOwn(subject))
    .orderBy(desc(newest.transfer))
    .limit(page.limit + 1);
  const lines = rows.slice(0, page.limit).map(({ account, currency, amount, transfer }) => {
    const { id: transferId, kind, product: productId, refunds, createdAt } = transfer;
    return {
      transferId,
      kind,
      account,
      amount: String(amount),
      currency,
      productId,
      refunds,
      createdAt: createdAt.toISOString(),
    };
  });
  const last = lines.at(-1);
  return rows.length > page.limit && last !== undefined ? { lines, nextCursor: last.transferId } : { lines };
}
