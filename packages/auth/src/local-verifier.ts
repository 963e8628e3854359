import { readAcr, type AcrTable } from './acr-table.ts';
import { andThen } from './and-then.ts';
import { isIdentifier, isTime, readRoles, readScope, refuseCommonClaims, type Expectation } from './claims.ts';
import { systemClock, type Clock } from './clock.ts';
import { readConfirmation } from './confirmation.ts';
import { openSignedToken, type SignedToken } from './signed-token.ts';
import type { JsonObject } from './strict-json.ts';
import type { TokenVerifier, VerifiedToken, Verification } from './token-verifier.ts';
import type { VerificationKeys } from './verification-keys.ts';

type SessionClaims = 'required' | 'optional';

/** One issuer, this one audience, and the keys to check with. All from configuration, none of it from a token. */
export type LocalVerifierOptions = Readonly<{
  issuer: string;
  /** This service's own audience: a token for another service is worth nothing here (RFC 9068 §4). */
  audience: string;
  keys: VerificationKeys;
  /** Greatest `exp − iat`, in seconds. Default 600. */
  maxLifetimeSeconds?: number;
  /**
   * - `required` (default): a user's token names its session in `sid`, with `auth_time` and `acr`; one without `sid` is a
   *   service's own. So do the house's tokens.
   * - `optional`: a token whose `sub` is its `client_id` is a service's own, any other a user's; the three claims of a session
   *   are only checked when present. For issuers that know RFC 9068 and nothing of this house.
   */
  sessionClaims?: SessionClaims;
  /** Whether `aud` may be a list with ours among up to 16. Default false: one audience each. */
  audienceLists?: boolean;
  /** What the issuer's `acr` values mean here. A value that it does not name counts as none. Default: they are the house's. */
  acr?: AcrTable;
  /** Whether `roles` (RFC 9068 §2.2.3.1) are the house's. `ignored`: nobody has any. Default `read`. */
  roles?: 'read' | 'ignored';
  clock?: Clock;
}>;

/**
 * Verifies RFC 9068 access tokens in memory: signature, `typ: at+jwt`, issuer, audience, times, and every claim that
 * §2.2 demands. Not checked: who sent a token that is bound to its sender (`cnf`; the gate does), whether the token was revoked since, scopes, and how its subject authenticated.
 */
export function localVerifier(options: LocalVerifierOptions): TokenVerifier {
  const clock = options.clock ?? systemClock;
  const expected: Expectation = {
    issuer: options.issuer,
    audience: options.audience,
    audienceLists: options.audienceLists ?? false,
    maxLifetimeSeconds: options.maxLifetimeSeconds ?? 600,
  };

  return {
    maxLifetimeSeconds: expected.maxLifetimeSeconds,
    verify(text): Verification | Promise<Verification> {
      const checkedAtMs = clock.monotonicMs();
      return andThen(openSignedToken(text, 'at+jwt', options.keys), (signed) => decide(signed, checkedAtMs));
    },
  };

  function decide(signed: SignedToken, checkedAtMs: number): Verification {
    if (signed.outcome !== 'signed') return signed;
    const reason = refuseCommonClaims(signed.claims, expected, clock.epochSeconds());
    if (reason !== undefined) return { outcome: 'refused', reason };
    const { cnf } = signed.claims;
    const confirmation = cnf === undefined ? undefined : readConfirmation(cnf);
    // Bound to something that nobody here can check.
    if (cnf !== undefined && confirmation === undefined) return { outcome: 'refused', reason: 'token_bound' };
    const token = readAccessToken(signed.claims, signed.keyId, options);
    return token === undefined
      ? { outcome: 'refused', reason: 'token_claims' }
      : { outcome: 'verified', token: confirmation ? { ...token, confirmation } : token, checkedAtMs };
  }
}

/** The claims of RFC 9068 §2.2 beyond the common ones. */
function readAccessToken(
  claims: JsonObject,
  keyId: string,
  { issuer, audience, sessionClaims = 'required', acr: acrTable, roles: given = 'read' }: LocalVerifierOptions,
): VerifiedToken | undefined {
  const { sub: subject, client_id: client, jti: tokenId, iat: issuedAt, exp: expiresAt } = claims;
  const scope = claims['scope'] === undefined ? readScope('') : readScope(claims['scope']);
  if (!isTime(issuedAt) || !isTime(expiresAt)) return undefined;
  if (!isIdentifier(subject) || !isIdentifier(client) || !isIdentifier(tokenId)) return undefined;
  const roles = readRoles(given === 'read' ? claims['roles'] : undefined);
  if (scope === undefined || roles === undefined) return undefined;
  const kind = subject === client ? 'service' : 'user';
  const token: Draft = { kind, issuer, audience, subject, client, tokenId, keyId, issuedAt, expiresAt, scope, roles };
  if (kind === 'service') return claims['sid'] === undefined ? token : undefined;
  const session = readSession(claims, sessionClaims);
  if (session === undefined) return undefined;
  const acr = readAcr(acrTable, session.acr);
  if (session.id !== undefined) token.session = session.id;
  if (session.authTime !== undefined) token.authTime = session.authTime;
  if (acr !== undefined) token.acr = acr;
  return token;
}

/** Written member by member: parts that are there or not, spread into a new object, take several times as long. */
type Draft = { -readonly [Name in keyof VerifiedToken]: VerifiedToken[Name] };

type Session = Readonly<{ id?: string | undefined; authTime?: number | undefined; acr?: string | undefined }>;

function readSession({ sid: id, auth_time: authTime, acr }: JsonObject, are: SessionClaims): Session | undefined {
  if (are === 'required' && (id === undefined || authTime === undefined || acr === undefined)) return undefined;
  if (id !== undefined && !isIdentifier(id)) return undefined;
  if (authTime !== undefined && !isTime(authTime)) return undefined;
  if (acr !== undefined && !isIdentifier(acr)) return undefined;
  return { id, authTime, acr };
}
