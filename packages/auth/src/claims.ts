import type { DenialReason } from './denial.ts';
import type { JsonObject } from './strict-json.ts';

/** What the claims of a token are held against. */
export type Expectation = Readonly<{
  issuer: string;
  audience: string;
  /** Whether `aud` may also be a list that names us among others (RFC 7519 §4.1.3). */
  audienceLists: boolean;
  /** Greatest `exp − iat` that is believed, in seconds. */
  maxLifetimeSeconds: number;
}>;

/** `iat` may lie this far ahead of our clock (FAPI 2.0 Security Profile §5.3.2.1), in seconds. */
export const clockSkewSeconds = 10;

/**
 * The claims that every kind of token shares: `iss` and `aud` compared exactly, `aud` one string unless lists are expected,
 * `exp` and `iat` whole seconds, no leeway after `exp`. Answers the reason for a "no", or `undefined`. Pure.
 */
export function refuseCommonClaims(claims: JsonObject, expected: Expectation, now: number): DenialReason | undefined {
  const { iss, aud, exp, iat, nbf } = claims;
  if (iss !== expected.issuer) return 'token_issuer';
  if (!isMeantForUs(aud, expected)) return 'token_audience';
  if (!isTime(exp) || !isTime(iat) || (nbf !== undefined && !isTime(nbf))) return 'token_claims';
  if (exp <= now) return 'token_expired';
  if (iat > now + clockSkewSeconds || (nbf !== undefined && nbf > now + clockSkewSeconds))
    return 'token_from_the_future';
  if (exp <= iat || exp - iat > expected.maxLifetimeSeconds) return 'token_lifetime';
  return undefined;
}

const maxAudiences = 16;

/** An `aud` that is our audience, or, where that is expected, a list of up to 16 different ones with ours among them. */
export function isMeantForUs(aud: unknown, expected: Pick<Expectation, 'audience' | 'audienceLists'>): boolean {
  if (!expected.audienceLists || !Array.isArray(aud)) return aud === expected.audience;
  if (aud.length > maxAudiences || !aud.every(isIdentifier) || new Set(aud).size !== aud.length) return false;
  return aud.includes(expected.audience);
}

export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** 1 to 256 printable ASCII characters (RFC 6749 §A.1, OpenID Connect Core §2): nothing that a database or a log would trip on. */
const identifier = /^[ -~]{1,256}$/;

export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && identifier.test(value);
}

const none = shared([]);

const maxRoles = 16;
const roleGrammar = /^[!#-[\]-~]{1,64}$/;

/**
 * The claim `roles` (RFC 9068 §2.2.3.1): at most 16 distinct strings of 1 to 64 visible characters. Absent is none. Whatever
 * else stands there answers `undefined`: a role that cannot be read might have been one that forbids.
 */
export function readRoles(value: unknown): ReadonlySet<string> | undefined {
  if (value === undefined) return none;
  if (!Array.isArray(value) || value.length > maxRoles || !value.every(isRole)) return undefined;
  const roles = new Set(value);
  return roles.size === value.length ? roles : undefined;
}

export function isRole(value: unknown): value is string {
  return typeof value === 'string' && roleGrammar.test(value);
}

/** Scopes that were read before, by their text: an issuer's tokens have few. */
const scopes = new Map<string, ReadonlySet<string>>();
const maxScopes = 100;
const maxScopeLength = 256;

/** Space-separated scope tokens (RFC 6749 §3.3). */
export function readScope(value: unknown): ReadonlySet<string> | undefined {
  if (value === '') return none;
  if (typeof value !== 'string') return undefined;
  const known = scopes.get(value);
  if (known !== undefined) return known;
  if (!/^[!#-[\]-~]+( [!#-[\]-~]+)*$/.test(value)) return undefined;
  const scope = shared(value.split(' '));
  if (value.length > maxScopeLength) return scope;
  if (scopes.size >= maxScopes) scopes.clear();
  scopes.set(value, scope);
  return scope;
}

/** A set that many tokens have together. Whoever changes it past its type gets an error, and everybody else keeps what they have. */
function shared(members: readonly string[]): ReadonlySet<string> {
  const refuse = { value: refuseChange };
  return Object.defineProperties(new Set(members), { add: refuse, delete: refuse, clear: refuse });
}

function refuseChange(): never {
  throw new TypeError('This set is shared by many tokens: copy it to change it.');
}
