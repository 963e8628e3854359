import { bigint, index, integer, primaryKey, text } from 'drizzle-orm/pg-core';
import { accounts, auth, clients, moment, sessions } from '../schema.ts';

/**
 * Whose account a person of an identity provider signs in to. Named by issuer and `sub` together (OpenID Connect Core §5.7), and
 * by nothing else: an e-mail address at a provider proves nothing here.
 */
export const identities = auth.table(
  'identities',
  {
    /** `iss`, letter for letter. */
    issuer: text('issuer').notNull(),
    /** `sub` of its ID tokens. */
    externalSubject: text('external_subject').notNull(),
    subject: text('subject')
      .notNull()
      .references(() => accounts.subject),
    linkedAt: moment('linked_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.issuer, table.externalSubject] }),
    index('identities_by_subject').on(table.subject),
  ],
);

/** Somebody is at a provider, and will come back with this `state`. Deleted when they do: each is good once. */
export const providerAttempts = auth.table('provider_attempts', {
  stateHash: text('state_hash').primaryKey(),
  provider: text('provider').notNull(),
  clientId: text('client_id')
    .notNull()
    .references(() => clients.clientId),
  returnTo: text('return_to').notNull(),
  /** S256 challenge of the front end that began: only it can make use of what comes out. */
  challenge: text('challenge').notNull(),
  nonce: text('nonce').notNull(),
  /** PKCE verifier of our own request to the provider. */
  sealedVerifier: text('sealed_verifier').notNull(),
  /** What the front end must reach, when it said so. */
  wantedAcr: text('wanted_acr'),
  /** How long ago they may have proven at the provider who they are. Absent where its word for the time is not asked for. */
  maxAgeSeconds: integer('max_age_seconds'),
  /** The session that links an identity to its account. Absent for a sign-in. */
  linkingSession: text('linking_session'),
  expiresAt: moment('expires_at').notNull(),
});

/** Who came back, until the front end fetches it with the one-time code. Deleted then: each is good once. */
export const providerResults = auth.table('provider_results', {
  codeHash: text('code_hash').primaryKey(),
  provider: text('provider').notNull(),
  clientId: text('client_id')
    .notNull()
    .references(() => clients.clientId),
  challenge: text('challenge').notNull(),
  issuer: text('issuer').notNull(),
  externalSubject: text('external_subject').notNull(),
  /** In the house's words, by the provider's table. */
  acr: text('acr').notNull(),
  authTime: moment('auth_time').notNull(),
  linkingSession: text('linking_session'),
  expiresAt: moment('expires_at').notNull(),
});

/** Tokens of providers that were exchanged, and the one session that each began: ended here, it begins no other. */
export const exchangedTokens = auth.table('exchanged_tokens', {
  tokenHash: text('token_hash').primaryKey(),
  serial: bigint('serial', { mode: 'number' })
    .notNull()
    .references(() => sessions.serial),
  expiresAt: moment('expires_at').notNull(),
});
