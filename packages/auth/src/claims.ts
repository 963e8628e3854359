import type { DenialReason } from './denial.ts';
import type { JsonObject } from './strict-json.ts';

/** What the claims of a token are held against. */
export type Expectation = Readonly<{
  issuer: string;
  audience: string;
  /** Greatest `exp − iat` that is believed, in seconds. */
  maxLifetimeSeconds: number;
}>;

/** `iat` may lie this far ahead of our clock (FAPI 2.0 Security Profile §5.3.2.1), in seconds. */
export const clockSkewSeconds = 10;

/**
 * The claims that every kind of token shares: `iss` and `aud` compared exactly, `aud` one string, `exp` and `iat` whole
 * seconds, no leeway after `exp`. Answers the reason for a "no", or `undefined`. Pure.
 */
export function refuseCommonClaims(claims: JsonObject, expected: Expectation, now: number): DenialReason | undefined {
  const { iss, aud, exp, iat, nbf } = claims;
  if (iss !== expected.issuer) return 'token_issuer';
  if (aud !== expected.audience) return 'token_audience';
  if (!isTime(exp) || !isTime(iat) || (nbf !== undefined && !isTime(nbf))) return 'token_claims';
  if (exp <= now) return 'token_expired';
  if (iat > now + clockSkewSeconds || (nbf !== undefined && nbf > now + clockSkewSeconds))
    return 'token_from_the_future';
  if (exp <= iat || exp - iat > expected.maxLifetimeSeconds) return 'token_lifetime';
  return undefined;
}

export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

const maxIdentifierLength = 256;

export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxIdentifierLength;
}

/** Space-separated scope tokens (RFC 6749 §3.3). */
export function readScope(value: unknown): ReadonlySet<string> | undefined {
  if (value === '') return new Set();
  if (typeof value !== 'string' || !/^[!#-[\]-~]+( [!#-[\]-~]+)*$/.test(value)) return undefined;
  return new Set(value.split(' '));
}
