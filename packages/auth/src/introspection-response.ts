import { readAcr, type AcrTable } from './acr-table.ts';
import { clockSkewSeconds, isIdentifier, isMeantForUs, isTime, readScope } from './claims.ts';
import { readConfirmation } from './confirmation.ts';
import type { DenialReason } from './denial.ts';
import type { JsonObject } from './strict-json.ts';
import type { SessionState, VerifiedToken } from './token-verifier.ts';

/** What an answer about a token is held against. */
export type IntrospectionExpectation = Readonly<{
  issuer: string;
  audience: string;
  /** Whether `aud` may be a list with ours among up to 16. */
  audienceLists: boolean;
  /** What the issuer's `acr` values mean here. One that it does not name counts as none. */
  acr: AcrTable;
}>;

export type IntrospectedToken =
  | Readonly<{ outcome: 'inactive' }>
  | Readonly<{ outcome: 'refused'; reason: DenialReason }>
  | Readonly<{ outcome: 'active'; token: VerifiedToken; session: SessionState }>;

/**
 * Reads an introspection answer (RFC 7662 §2.2) about an access token. Throws when it is not one: then nobody has said
 * anything. Pure.
 *
 * Stricter than the RFC: `aud` must be there and mean us, `client_id` must be there, and `token_type` must say `Bearer`, or
 * `DPoP` for one that is bound to a key (RFC 9449 §6.2), because an issuer may answer about a refresh token as well.
 *
 * `tokenId` stands in for a `jti` that is not there. The second factor is as old as `auth_time` (RFC 9470 §6.2), and there is
 * one only where `acr` says so.
 */
export function readIntrospection(
  answer: JsonObject,
  expected: IntrospectionExpectation,
  { now, tokenId }: Readonly<{ now: number; tokenId: string }>,
): IntrospectedToken {
  if (typeof answer['active'] !== 'boolean') throw malformed('active');
  if (!answer['active']) return { outcome: 'inactive' };
  const times = readTimes(answer, now);
  const reason = refuseAnswer(answer, expected) ?? refuseTimes(times, now);
  if (reason !== undefined) return { outcome: 'refused', reason };
  const { authTime, issuedAt, expiresAt } = times;
  const acr = readAcr(expected.acr, optional(answer, 'acr', isIdentifier));
  const about = {
    ...readParties(answer),
    issuer: expected.issuer,
    audience: expected.audience,
    scope: readAnsweredScope(answer),
    tokenId: optional(answer, 'jti', isIdentifier) ?? tokenId,
    keyId: '',
    // Whose roles they are is not said: see `foreignIssuer`.
    roles: new Set<string>(),
    issuedAt,
    expiresAt,
  };
  const session = optional(answer, 'sid', isIdentifier);
  const confirmation = readConfirmation(answer['cnf']);
  const bound = confirmation && { confirmation };
  const how = { ...(authTime !== undefined && { authTime }), ...(acr !== undefined && { acr }) };
  const secondFactorAt = acr === 'aal2' ? authTime : undefined;
  return {
    outcome: 'active',
    token: { ...about, ...how, ...bound, ...(session !== undefined && about.kind === 'user' && { session }) },
    session: { ...how, ...(secondFactorAt !== undefined && { secondFactorAt }), answeredAt: now },
  };
}

function refuseAnswer(answer: JsonObject, expected: IntrospectionExpectation): DenialReason | undefined {
  const { iss, aud, token_type: type, token_use: use, cnf } = answer;
  const confirmation = cnf === undefined ? {} : readConfirmation(cnf);
  if (iss !== undefined && iss !== expected.issuer) return 'token_issuer';
  if (!isMeantForUs(aud, expected)) return 'token_audience';
  if (confirmation === undefined) return 'token_bound';
  const expectedType = confirmation.keyThumbprint === undefined ? 'bearer' : 'dpop';
  if (typeof type !== 'string' || type.toLowerCase() !== expectedType) return 'token_type';
  // Not in the RFC; those who send it tell access from refresh tokens by it.
  if (use !== undefined && use !== 'access_token') return 'token_type';
  return undefined;
}

type Times = Readonly<{
  issuedAt: number;
  expiresAt: number;
  notBefore?: number | undefined;
  authTime?: number | undefined;
}>;

// An answer without `exp` or `iat` proves something for this moment, and nothing more is ever built on it.
function readTimes(answer: JsonObject, now: number): Times {
  return {
    issuedAt: optional(answer, 'iat', isTime) ?? now,
    expiresAt: optional(answer, 'exp', isTime) ?? now + 1,
    notBefore: optional(answer, 'nbf', isTime),
    authTime: optional(answer, 'auth_time', isTime),
  };
}

function refuseTimes(
  { issuedAt, expiresAt, notBefore = 0, authTime = 0 }: Times,
  now: number,
): DenialReason | undefined {
  if (expiresAt <= now) return 'token_expired';
  return Math.max(issuedAt, notBefore, authTime) > now + clockSkewSeconds ? 'token_from_the_future' : undefined;
}

/** Without `sub`, or with the client's own, nobody authorized the token but the client itself. Nobody has a `username` then. */
function readParties(answer: JsonObject): Readonly<{ kind: 'user' | 'service'; subject: string; client: string }> {
  const client = optional(answer, 'client_id', isIdentifier);
  if (client === undefined) throw malformed('client_id');
  const named = optional(answer, 'sub', isIdentifier);
  if (named === undefined && answer['username'] !== undefined) throw malformed('sub');
  const subject = named ?? client;
  return { kind: subject === client ? 'service' : 'user', subject, client };
}

function readAnsweredScope(answer: JsonObject): ReadonlySet<string> {
  const scope = readScope(answer['scope'] ?? '');
  if (scope === undefined) throw malformed('scope');
  return scope;
}

function optional<Value>(answer: JsonObject, name: string, is: (value: unknown) => value is Value): Value | undefined {
  const value = answer[name];
  if (value === undefined || is(value)) return value;
  throw malformed(name);
}

function malformed(name: string): Error {
  return new Error(`the introspection answer has no usable ${name}`);
}
