import { bigint, boolean, index, text } from 'drizzle-orm/pg-core';
import { accounts, auth, moment } from '../schema.ts';

/** WebAuthn credentials. An id belongs to one account for ever: registering it again is refused (WebAuthn §7.1, step 26). */
export const passkeys = auth.table(
  'passkeys',
  {
    /** base64url. */
    credentialId: text('credential_id').primaryKey(),
    subject: text('subject')
      .notNull()
      .references(() => accounts.subject),
    /** COSE key, base64url. */
    publicKey: text('public_key').notNull(),
    /** The newest signature count. 0 for ever from authenticators that keep none. */
    signCount: bigint('sign_count', { mode: 'number' }).notNull(),
    /** It may be copied to other devices of its owner (backup eligible). */
    isSynced: boolean('is_synced').notNull(),
    transports: text('transports').array().notNull().default([]),
    /** What its owner calls it. */
    label: text('label').notNull(),
    createdAt: moment('created_at').notNull(),
    lastUsedAt: moment('last_used_at'),
  },
  (table) => [index('passkeys_by_subject').on(table.subject)],
);

/** Challenges that were handed out and not answered yet. Each is deleted by the first answer, good or bad. */
export const passkeyChallenges = auth.table(
  'passkey_challenges',
  {
    /** 256 random bits, base64url. */
    challenge: text('challenge').primaryKey(),
    purpose: text('purpose', { enum: ['sign in', 'step up', 'register'] }).notNull(),
    /** The session it was drawn for, or, before there is one, the client. */
    boundTo: text('bound_to').notNull(),
    expiresAt: moment('expires_at').notNull(),
  },
  (table) => [index('passkey_challenges_by_time').on(table.expiresAt)],
);

/** Codes for the day on which every other factor is lost. */
export const recoveryCodes = auth.table(
  'recovery_codes',
  {
    /** SHA-256 of 120 random bits. */
    hash: text('hash').primaryKey(),
    subject: text('subject')
      .notNull()
      .references(() => accounts.subject),
    createdAt: moment('created_at').notNull(),
    usedAt: moment('used_at'),
  },
  (table) => [index('recovery_codes_by_subject').on(table.subject)],
);
