import { index, integer, text } from 'drizzle-orm/pg-core';
import { accounts, auth, moment } from '../schema.ts';

/**
 * Wrong passwords in a row, by the e-mail that was typed: an address without an account is counted like one with, so that
 * the work done tells nobody which it is.
 */
export const passwordFailures = auth.table('password_failures', {
  email: text('email').primaryKey(),
  failures: integer('failures').notNull(),
  lastFailedAt: moment('last_failed_at').notNull(),
});

/** Single-use tokens out of mails. The row stays until it expires, used or not. */
export const actionTokens = auth.table(
  'action_tokens',
  {
    /** SHA-256: who reads the table can do nothing with it. */
    hash: text('hash').primaryKey(),
    kind: text('kind', { enum: ['password reset', 'e-mail verification'] }).notNull(),
    subject: text('subject')
      .notNull()
      .references(() => accounts.subject),
    /** Where it was sent. It says nothing about an address that the account got later. */
    email: text('email').notNull(),
    createdAt: moment('created_at').notNull(),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
  },
  (table) => [index('action_tokens_by_subject').on(table.subject)],
);
