import { and, eq, or, sql } from 'drizzle-orm';
import type { PaymentsQueries } from './database.ts';
import { accounts, postings, transfers } from './schema.ts';

export type AccountName = Readonly<{ kind: 'wallet' | 'merchant' | 'funding'; owner: string; currency: string }>;

export type Transfer = Readonly<{
  id: string;
  kind: 'top_up' | 'payment' | 'refund';
  subject: string;
  reference: string;
  product?: string | undefined;
  refunds?: string | undefined;
  from: bigint;
  to: bigint;
  /** Minor units, more than 0, of the one currency that both accounts have. */
  amount: bigint;
}>;

/** The ids of two accounts. What is not there is opened, with nothing in it. */
export async function openAccounts(
  queries: PaymentsQueries,
  names: Readonly<{ from: AccountName; to: AccountName }>,
): Promise<{ from: bigint; to: bigint }> {
  const found = await findAccounts(queries, names);
  if (found !== undefined) return found;
  const { from, to } = names;
  // Sorted, so that two transfers that open the same accounts wait for each other in one order.
  await queries.execute(sql`
    INSERT INTO ${accounts} (kind, owner, currency)
    SELECT kind, owner, currency
    FROM (VALUES (${from.kind}, ${from.owner}, ${from.currency}), (${to.kind}, ${to.owner}, ${to.currency}))
      AS missing (kind, owner, currency)
    ORDER BY owner, kind, currency
    ON CONFLICT DO NOTHING`);
  const opened = await findAccounts(queries, names);
  if (opened === undefined) throw new Error('Accounts that were opened are not there.');
  return opened;
}

async function findAccounts(
  queries: PaymentsQueries,
  { from, to }: Readonly<{ from: AccountName; to: AccountName }>,
): Promise<{ from: bigint; to: bigint } | undefined> {
  const rows = await queries
    .select()
    .from(accounts)
    .where(or(isNamed(from), isNamed(to)));
  const idOf = ({ kind, owner }: AccountName) => rows.find((row) => row.kind === kind && row.owner === owner)?.id;
  const [fromId, toId] = [idOf(from), idOf(to)];
  return fromId === undefined || toId === undefined ? undefined : { from: fromId, to: toId };
}

function isNamed({ kind, owner, currency }: AccountName) {
  return and(eq(accounts.owner, owner), eq(accounts.kind, kind), eq(accounts.currency, currency));
}

/**
 * Writes a transfer with its two postings, in one statement. The balances follow by trigger, which locks both accounts in
 * the order of their ids; see `migrations/0001_ledger_rules.sql`.
 *
 * Breaks `accounts_cover` when `from` does not cover it, `transfers_refunded_once` for a second refund, and
 * `transfers_one_per_reference` for a second transfer with one reference.
 */
export async function recordTransfer(queries: PaymentsQueries, transfer: Transfer): Promise<void> {
  const { id, kind, subject, reference, product = null, refunds = null, from, to, amount } = transfer;
  await queries.execute(sql`
    WITH written AS (
      INSERT INTO ${transfers} (id, kind, subject, reference, product, refunds)
      VALUES (${id}, ${kind}, ${subject}, ${reference}, ${product}, ${refunds})
      RETURNING id
    )
    INSERT INTO ${postings} (transfer, account, amount)
    SELECT written.id, side.account, side.amount
    FROM written, (VALUES (${from}::bigint, ${-amount}::bigint), (${to}::bigint, ${amount}::bigint)) AS side (account, amount)`);
}
