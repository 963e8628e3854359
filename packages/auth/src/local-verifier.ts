import { isIdentifier, isTime, readScope, refuseCommonClaims, type Expectation } from './claims.ts';
import { systemClock, type Clock } from './clock.ts';
import { openSignedToken } from './signed-token.ts';
import type { JsonObject } from './strict-json.ts';
import type { TokenVerifier, VerifiedToken, Verification } from './token-verifier.ts';
import type { VerificationKeys } from './verification-keys.ts';

export type LocalVerifierOptions = Readonly<{
  issuer: string;
  /** This service's own audience: a token for another service is worth nothing here (RFC 9068 §4). */
  audience: string;
  keys: VerificationKeys;
  /** Greatest `exp − iat`, in seconds. Default 600. */
  maxLifetimeSeconds?: number;
  clock?: Clock;
}>;

/**
 * Verifies RFC 9068 access tokens in memory: signature, `typ: at+jwt`, issuer, audience, times, and every claim that
 * §2.2 demands. Not checked: whether the token was revoked since, scopes, and how its subject authenticated.
 */
export function localVerifier(options: LocalVerifierOptions): TokenVerifier {
  const clock = options.clock ?? systemClock;
  const expected: Expectation = {
    issuer: options.issuer,
    audience: options.audience,
    maxLifetimeSeconds: options.maxLifetimeSeconds ?? 600,
  };

  return {
    async verify(text): Promise<Verification> {
      const checkedAtMs = clock.monotonicMs();
      const signed = await openSignedToken(text, 'at+jwt', options.keys);
      if (signed.outcome !== 'signed') return signed;
      const reason = refuseCommonClaims(signed.claims, expected, clock.epochSeconds());
      if (reason !== undefined) return { outcome: 'refused', reason };
      const token = readAccessToken(signed.claims, signed.keyId);
      return token === undefined
        ? { outcome: 'refused', reason: 'token_claims' }
        : { outcome: 'verified', token, checkedAtMs };
    },
  };
}

/** The claims of RFC 9068 §2.2 beyond the common ones. A token without `sid` is a service's own. */
function readAccessToken(claims: JsonObject, keyId: string): VerifiedToken | undefined {
  const { iss, aud, sub, client_id: client, jti, iat, exp, sid, auth_time: authTime, acr } = claims;
  const scope = readScope(claims['scope'] ?? '');
  if (!isIdentifier(iss) || !isIdentifier(aud) || !isTime(iat) || !isTime(exp)) return undefined;
  if (!isIdentifier(sub) || !isIdentifier(client) || !isIdentifier(jti) || scope === undefined) return undefined;
  const known = {
    issuer: iss,
    audience: aud,
    subject: sub,
    client,
    tokenId: jti,
    keyId,
    issuedAt: iat,
    expiresAt: exp,
    scope,
  };
  if (sid === undefined) return sub === client ? known : undefined;
  if (!isIdentifier(sid) || sub === client) return undefined;
  if (!isTime(authTime) || !isIdentifier(acr)) return undefined;
  return { ...known, session: sid, authTime, acr };
}
