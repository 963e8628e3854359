import type { Restrictions } from '@sallyport/auth';
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import type { PublicKeyJwk } from './keys/public-key.ts';
import { riskLevels, riskSignals } from './risk/risk-rules.ts';
import type { FactorTimes } from './sign-in/proof.ts';

export const auth = pgSchema('auth');

/** A column that holds a point in time. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
const counter = (name: string) => bigint(name, { mode: 'number' });

export const accounts = auth.table(
  'accounts',
  {
    subject: text('subject').primaryKey(),
    /** Lower case. Absent for somebody who came from an identity provider: its word for an address is not taken. */
    email: text('email').unique(),
    /** PHC string: it names its own parameters. Absent for somebody who signs in elsewhere. */
    passwordHash: text('password_hash'),
    enabled: boolean('enabled').notNull().default(true),
    emailVerifiedAt: moment('email_verified_at'),
    /** How many passwords were set before: a sign-in that checked an earlier one is not confirmed. */
    passwordGeneration: integer('password_generation').notNull().default(0),
    /** Somebody else knows the password: it signs nobody in until another one is set. */
    passwordCompromisedAt: moment('password_compromised_at'),
    /** What the person is at each service. Changed by `change-roles.ts` alone, which ends their sessions too. */
    roles: jsonb('roles').$type<RolesByAudience>().notNull().default({}),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    // Few, and asked for at each introspection: who is in neither needs no look at the account itself.
    index('accounts_disabled')
      .on(table.subject)
      .where(sql`NOT ${table.enabled}`),
    index('accounts_with_roles')
      .on(table.subject)
      .where(sql`${table.roles} <> '{}'`),
  ],
);

/** Roles by audience, e.g. `{"catalog": ["curator"]}`. */
export type RolesByAudience = Readonly<Record<string, readonly string[]>>;

/** Scopes by audience, e.g. `{"catalog": ["catalog:read"]}`. */
export type ScopesByAudience = Readonly<Record<string, readonly string[]>>;

export const clients = auth.table(
  'clients',
  {
    clientId: text('client_id').primaryKey(),
    kind: text('kind', { enum: ['public', 'confidential'] }).notNull(),
    enabled: boolean('enabled').notNull().default(true),
    /** The audience that this client serves, when it is a service. */
    audience: text('audience').unique(),
    /** How every token that it gets must be bound to it: by proofs of a key (RFC 9449), by its certificate (RFC 8705). */
    senderConstraint: text('sender_constraint', { enum: ['none', 'dpop', 'mtls'] })
      .notNull()
      .default('none'),
    /** Public keys of its assertions. Empty for a public client. */
    publicKeys: jsonb('public_keys').$type<readonly PublicKeyJwk[]>().notNull().default([]),
    /** What a person who signed in through this client gets. */
    userScopes: jsonb('user_scopes').$type<ScopesByAudience>().notNull().default({}),
    /** What the client gets for itself (client credentials). */
    serviceScopes: jsonb('service_scopes').$type<ScopesByAudience>().notNull().default({}),
    /** What it may carry a person on with (token exchange): in the trust domain, or at one audience. */
    exchangeTargets: jsonb('exchange_targets').$type<ScopesByAudience>().notNull().default({}),
    /** The `grant_type`s that it may use. */
    grants: text('grants').array().notNull().default([]),
    /** Where a browser may be sent back to after signing in elsewhere. Compared letter for letter. */
    returnAddresses: text('return_addresses').array().notNull().default([]),
  },
  // A token whose `sub` is a client must never be taken for a person's (RFC 9700 §4.15.1).
  (table) => [check('client_id_is_no_subject', sql`${table.clientId} !~ '^u_'`)],
);

export const sessions = auth.table(
  'sessions',
  {
    /** Grows with every sign-in. Cut-offs compare it, so that two sign-ins of one second cannot be confused. */
    serial: counter('serial').primaryKey().generatedByDefaultAsIdentity({ name: 'session_serials' }),
    /** `<serial in base 36>.<random>`. */
    sid: text('sid').notNull().unique(),
    subject: text('subject')
      .notNull()
      .references(() => accounts.subject),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.clientId),
    /** Rotations so far. */
    generation: integer('generation').notNull().default(0),
    /** SHA-256 of the one refresh token that is good: the tip of the family. */
    refreshHash: text('refresh_hash').notNull().unique(),
    startedAt: moment('started_at').notNull(),
    lastUsedAt: moment('last_used_at').notNull(),
    authTime: moment('auth_time').notNull(),
    secondFactorAt: moment('second_factor_at'),
    acr: text('acr').notNull(),
    amr: text('amr').array().notNull(),
    /** When each factor was shown last, by its `amr` value. A refresh renews none. */
    factorTimes: jsonb('factor_times').$type<FactorTimes>().notNull().default({}),
    /** Codes that were tried in it since its last right one. */
    triedCodes: integer('tried_codes').notNull().default(0),
    /** Where it began: an IPv4 address, or the /64 of an IPv6 address. */
    network: text('network').notNull().default('unknown'),
    /** As the browser sent it, cut off. Never believed, only compared. */
    userAgent: text('user_agent'),
    /** Its browser without version numbers: see `risk/suspicion.ts`. */
    device: text('device').notNull().default('unknown'),
    /** What looks wrong about it, and how wrong. `risk/risk-rules.ts` says what it is asked for. */
    riskLevel: text('risk_level', { enum: riskLevels }).notNull().default('low'),
    riskSignals: text('risk_signals', { enum: riskSignals }).array().notNull().default([]),
    /** RFC 7638 thumbprint of the key that its tokens are bound to. */
    keyThumbprint: text('key_thumbprint'),
    idleExpiresAt: moment('idle_expires_at').notNull(),
    absoluteExpiresAt: moment('absolute_expires_at').notNull(),
    endedAt: moment('ended_at'),
    endedBecause: text('ended_because'),
  },
  (table) => [index('sessions_by_subject').on(table.subject, table.serial)],
);

/** Refresh tokens that were rotated away. What one means that is presented again: `repeated-refresh.ts`. */
export const spentRefreshTokens = auth.table(
  'spent_refresh_tokens',
  {
    hash: text('hash').primaryKey(),
    serial: counter('serial')
      .notNull()
      .references(() => sessions.serial),
    generation: integer('generation').notNull(),
    spentAt: moment('spent_at').notNull(),
    /** What it was changed into, for a refresh that comes again within seconds. Erased soon after. */
    sealedSuccessor: text('sealed_successor'),
    /** How often the successor was given out again. */
    repetitions: integer('repetitions').notNull().default(0),
  },
  (table) => [
    index('spent_refresh_tokens_sealed')
      .on(table.spentAt)
      .where(sql`${table.sealedSuccessor} IS NOT NULL`),
  ],
);

/** Single access tokens that were revoked (RFC 7009). */
export const revokedTokens = auth.table('revoked_tokens', {
  tokenId: text('token_id').primaryKey(),
  expiresAt: moment('expires_at').notNull(),
  revokedAt: moment('revoked_at').notNull(),
});

export const totpFactors = auth.table('totp_factors', {
  subject: text('subject')
    .primaryKey()
    .references(() => accounts.subject),
  sealedSeed: text('sealed_seed').notNull(),
  /** Absent while the enrolment is under way. */
  confirmedAt: moment('confirmed_at'),
  /** The newest time step of which a code was accepted: no code of it, or of an older one, is accepted again. */
  lastStep: counter('last_step').notNull().default(-1),
  /** Attempts since the last right code. Counted per account, however many sessions they come from. */
  attempts: integer('attempts').notNull().default(0),
  lockedUntil: moment('locked_until'),
  /** Wrong codes that no right one of the same session has made up for: `totp-attempts.ts`. */
  failures: integer('failures').notNull().default(0),
});

/** "All sessions up to serial N" of a subject, a client or everyone (`name` is then empty). */
export const cutOffs = auth.table(
  'cut_offs',
  {
    kind: text('kind', { enum: ['subject', 'client', 'everyone'] }).notNull(),
    name: text('name').notNull(),
    upToSerial: counter('up_to_serial').notNull(),
    setAt: moment('set_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.name] })],
);

/** The outbox behind the revocation feed. A row is written in the transaction that revokes. */
export const revocations = auth.table(
  'revocations',
  {
    /** Gapless, in commit order: see `revocation-outbox.ts`. */
    position: counter('position').primaryKey(),
    kind: text('kind', {
      enum: ['session', 'token', 'subject', 'client', 'everyone', 'key', 'policy', 'restrictions'],
    }).notNull(),
    /** What it names: a session, token, subject, client or key id, a rule set's version, restrictions as JSON. Empty for everyone. */
    name: text('name').notNull(),
    upToSerial: counter('up_to_serial'),
    /** For the operator. Never sent. */
    because: text('because').notNull(),
    recordedAt: moment('recorded_at').notNull().defaultNow(),
  },
  (table) => [index('revocations_by_time').on(table.recordedAt)],
);

/** One row: what is ordered across the house. Changed by `restrictions/restrict.ts` alone, which tells the feed. */
export const restrictions = auth.table(
  'restrictions',
  {
    only: boolean('only').primaryKey().default(true),
    version: integer('version').notNull(),
    tiers: jsonb('tiers').$type<Restrictions['tiers']>().notNull(),
    /** Greatest age of an access token; absent: its full life. */
    accessTokenSeconds: integer('access_token_seconds'),
    /** Greatest age of a session; absent: its full life. */
    sessionSeconds: integer('session_seconds'),
  },
  (table) => [check('one_set_of_restrictions', sql`${table.only}`)],
);

/** One row. Whoever revokes holds its lock until commit, so positions follow the order of commits. */
export const revocationCounter = auth.table(
  'revocation_counter',
  {
    only: boolean('only').primaryKey().default(true),
    lastPosition: counter('last_position').notNull(),
  },
  (table) => [check('one_row', sql`${table.only}`)],
);

/** Every rule set that was ever in force: the newest version is. Rows are added, never changed (`publish-rule-set.ts`). */
export const policyRuleSets = auth.table(
  'policy_rule_sets',
  {
    version: integer('version').primaryKey(),
    /** As `readRuleSet` of `@sallyport/auth/policy` took it: version, kinds and rules. */
    ruleSet: jsonb('rule_set').notNull(),
    publishedAt: moment('published_at').notNull(),
    /** For the operator. Never sent. */
    because: text('because').notNull(),
  },
  (table) => [check('policy_version', sql`${table.version} > 0`)],
);

/** A key's state follows from its times alone: announced → signing → verifying → retired (`key-life.ts`). */
export const signingKeys = auth.table('signing_keys', {
  kid: text('kid').primaryKey(),
  publicJwk: jsonb('public_jwk').$type<PublicKeyJwk>().notNull(),
  /** PKCS #8. */
  sealedPrivateKey: text('sealed_private_key').notNull(),
  publishedAt: moment('published_at').notNull(),
  signsFrom: moment('signs_from').notNull(),
  /** Absent while no successor has been announced. */
  retiresAt: moment('retires_at'),
});

/** Client assertions that were used (RFC 7523 §3, item 7): each is good once. */
export const usedAssertions = auth.table(
  'used_assertions',
  {
    clientId: text('client_id')
      .notNull()
      .references(() => clients.clientId),
    assertionId: text('assertion_id').notNull(),
    expiresAt: moment('expires_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.clientId, table.assertionId] })],
);

/** Proofs of possession that were used (RFC 9449 §11.1): each is good once, at whichever instance. */
export const usedProofs = auth.table('used_proofs', {
  /** SHA-256 over the key's thumbprint and the proof's `jti`. */
  proofId: text('proof_id').primaryKey(),
  expiresAt: moment('expires_at').notNull(),
});
