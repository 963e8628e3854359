import { isCanonicalCompactJws, type BearerToken } from './bearer-token.ts';
import { isIdentifier, isTime, readScope, refuseCommonClaims } from './claims.ts';
import { systemClock, type Clock } from './clock.ts';
import type { DenialReason } from './denial.ts';
import type { Transaction } from './principal.ts';
import { openSignedToken } from './signed-token.ts';
import { isJsonObject, type JsonObject } from './strict-json.ts';
import type { VerifiedToken } from './token-verifier.ts';
import type { VerificationKeys } from './verification-keys.ts';

/** What crosses a hop, by header name. Nothing else about the caller does: identity headers are never read. */
export const hopHeaders = {
  transaction: 'Txn-Token',
  trace: 'traceparent',
  /** Milliseconds left, relative, so that two clocks need not agree. */
  timeout: 'Request-Timeout-Ms',
  /** The state that an answer must not be older than. */
  consistency: 'Consistency-Token',
} as const;

export type TransactionHeader =
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'token'; token: BearerToken }>
  | Readonly<{ kind: 'refused'; reason: DenialReason }>;

/** Exactly one `Txn-Token` header with one token. */
export function readTransactionHeader(values: readonly string[]): TransactionHeader {
  const [value, second] = values;
  if (value === undefined) return { kind: 'none' };
  if (second !== undefined || !isCanonicalCompactJws(value))
    return { kind: 'refused', reason: 'transaction_header_malformed' };
  return { kind: 'token', token: value };
}

/** Greatest life of a transaction token, in seconds. */
const maxLifetimeSeconds = 60;

/** Whose transaction tokens are believed, for which trust domain, checked with which keys. */
export type TransactionVerifierOptions = Readonly<{
  issuer: string;
  /** `aud` of every transaction token: the group of services that trust each other, not one of them. */
  trustDomain: string;
  keys: VerificationKeys;
  clock?: Clock;
}>;

type TransactionVerification =
  | Readonly<{ outcome: 'verified'; token: VerifiedToken; transaction: Transaction; checkedAtMs: number }>
  | Readonly<{ outcome: 'refused'; reason: DenialReason }>
  | Readonly<{ outcome: 'unknown'; reason: 'keys_unavailable' }>;

export type VerifyTransaction = (text: BearerToken) => Promise<TransactionVerification>;

/**
 * Verifies transaction tokens (draft-ietf-oauth-transaction-tokens): signature, `typ: txntoken+jwt`, issuer, trust domain,
 * times. Not checked: who carries it. It is no credential: the gate also asks that the last workload in `req_wl` is the
 * service that authenticated itself.
 */
export function transactionVerifier(options: TransactionVerifierOptions): VerifyTransaction {
  const clock = options.clock ?? systemClock;
  const expected = { issuer: options.issuer, audience: options.trustDomain, audienceLists: false, maxLifetimeSeconds };

  return async (text) => {
    const checkedAtMs = clock.monotonicMs();
    const signed = await openSignedToken(text, 'txntoken+jwt', options.keys);
    if (signed.outcome !== 'signed') return signed;
    const reason = refuseCommonClaims(signed.claims, expected, clock.epochSeconds());
    if (reason !== undefined) return { outcome: 'refused', reason };
    // Who carries it is shown by the carrier's own token, and by nothing in this one.
    if (signed.claims['cnf'] !== undefined) return { outcome: 'refused', reason: 'token_bound' };
    const read = readTransaction(signed.claims, signed.keyId);
    return read === undefined
      ? { outcome: 'refused', reason: 'token_claims' }
      : { outcome: 'verified', ...read, checkedAtMs };
  };
}

function readTransaction(
  claims: JsonObject,
  keyId: string,
): { token: VerifiedToken; transaction: Transaction } | undefined {
  const { iss, aud, sub, txn, sid, iat, exp, req_wl: workloads, tctx = {} } = claims;
  const scope = readScope(claims['scope']);
  if (!isIdentifier(iss) || !isIdentifier(aud) || !isIdentifier(sub) || !isIdentifier(txn) || !isIdentifier(sid))
    return undefined;
  if (!isTime(iat) || !isTime(exp) || scope === undefined || !isIdentifier(workloads) || !isStringRecord(tctx))
    return undefined;
  const chain = workloads.split(',');
  const client = chain.at(-1);
  if (client === undefined || chain.includes('')) return undefined;
  const token: VerifiedToken = {
    kind: 'user',
    issuer: iss,
    audience: aud,
    subject: sub,
    client,
    tokenId: txn,
    keyId,
    session: sid,
    scope,
    roles: new Set<string>(),
    issuedAt: iat,
    expiresAt: exp,
  };
  return { token, transaction: { id: txn, chain, context: tctx } };
}

function isStringRecord(value: unknown): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string');
}
