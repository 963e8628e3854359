import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
  type AnyPgColumn,
} from 'drizzle-orm/pg-core';

export const payments = pgSchema('payments');

/**
 * Where money is. Amounts are bigint minor units of the account's currency.
 *
 * - `wallet`: what its owner may spend. - `merchant`: what its owner received for products.
 * - `funding`: the world outside, seen from its owner: each top-up makes it more negative, so that all accounts sum to zero.
 *
 * `balance` belongs to a trigger on `postings`: the run-time role may neither insert nor update it.
 */
export const accounts = payments.table(
  'accounts',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind', { enum: ['wallet', 'merchant', 'funding'] }).notNull(),
    owner: text('owner').notNull(),
    currency: text('currency').notNull(),
    balance: bigint('balance', { mode: 'bigint' })
      .notNull()
      .default(sql`0`),
  },
  (table) => [
    // The owner comes first: "all accounts of" is answered from this index.
    unique('accounts_one_of_a_kind').on(table.owner, table.kind, table.currency),
    check('accounts_kind', sql`${table.kind} IN ('wallet', 'merchant', 'funding')`),
    check('accounts_currency', sql`${table.currency} ~ '^[A-Z]{3}$'`),
    check(
      'accounts_cover',
      sql`CASE ${table.kind} WHEN 'funding' THEN ${table.balance} <= 0 ELSE ${table.balance} >= 0 END`,
    ),
  ],
);

/** Why money moved. Written once, never changed; its postings are written in the same transaction, never later. */
export const transfers = payments.table(
  'transfers',
  {
    /** UUID version 7, so that the order of ids is the order of time. */
    id: uuid('id').primaryKey(),
    kind: text('kind', { enum: ['top_up', 'payment', 'refund'] }).notNull(),
    /** Who caused it. */
    subject: text('subject').notNull(),
    /** Client and idempotency key: what asked for it. Unique for its subject, so that one key never has two effects. */
    reference: text('reference').notNull(),
    product: text('product'),
    /** The payment that a refund gives back. Unique: once. */
    refunds: uuid('refunds').references((): AnyPgColumn => transfers.id),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    unique('transfers_one_per_reference').on(table.subject, table.reference),
    unique('transfers_refunded_once').on(table.refunds),
    check('transfers_kind', sql`${table.kind} IN ('top_up', 'payment', 'refund')`),
    check('transfers_product', sql`(${table.kind} = 'top_up') = (${table.product} IS NULL)`),
    check('transfers_refunds', sql`(${table.kind} = 'refund') = (${table.refunds} IS NOT NULL)`),
  ],
);

/** One side of a transfer: positive into the account, negative out of it. */
export const postings = payments.table(
  'postings',
  {
    transfer: uuid('transfer')
      .notNull()
      .references(() => transfers.id),
    account: bigint('account', { mode: 'bigint' })
      .notNull()
      .references(() => accounts.id),
    amount: bigint('amount', { mode: 'bigint' }).notNull(),
  },
  (table) => [
    primaryKey({ name: 'postings_pkey', columns: [table.transfer, table.account] }),
    // A statement reads one account, newest first.
    index('postings_of_account').on(table.account, table.transfer),
    check('postings_amount', sql`${table.amount} <> 0`),
  ],
);

/** The answer to each idempotency key, kept for ever. A row is there exactly when its effect is. */
export const answers = payments.table(
  'answers',
  {
    subject: text('subject').notNull(),
    client: text('client').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the procedure and its input, base64url. */
    question: text('question').notNull(),
    /** JSON, byte for byte what the caller got. */
    answer: text('answer').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ name: 'answers_pkey', columns: [table.subject, table.client, table.key] })],
);
