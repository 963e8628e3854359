import { base64url } from 'jose';
import type { DenialReason } from './denial.ts';
import { returningTexts } from './returning-texts.ts';

declare const checked: unique symbol;

/** A compact JWS of canonical spelling. Nothing else about it is known yet. */
export type BearerToken = string & { readonly [checked]: 'bearer token' };

/** An access token that is no JWS (RFC 6750 §2.1): whether it means anything, only its issuer can say (RFC 7662). */
export type OpaqueToken = string & { readonly [checked]: 'opaque token' };

/** How a token was presented: by whoever holds it (RFC 6750 §2.1), or with a proof of possession (RFC 9449 §7.1). */
export type AuthorizationScheme = 'Bearer' | 'DPoP';

/** What a request's `Authorization` header comes to. */
export type Authorization =
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'token'; token: BearerToken; scheme: AuthorizationScheme }>
  | Readonly<{ kind: 'opaque'; token: OpaqueToken; scheme: AuthorizationScheme }>
  | Readonly<{ kind: 'refused'; reason: DenialReason }>;

/** Longest token that is looked at, in characters. */
export const maxTokenLength = 8192;

/**
 * Reads the values of the `Authorization` header. At most one header, scheme `Bearer` or `DPoP`, one token.
 * Tokens in the query or the body are never read.
 */
export type AuthorizationReader = (values: readonly string[]) => Authorization;

/** Headers that came more than once are remembered whole, together at most 2 MB: a steady caller's is not read again letter by letter. */
export function authorizationReader(): AuthorizationReader {
  const read = returningTexts<Authorization>(readBounds);

  return ([value, second]) => {
    if (value === undefined) return { kind: 'none' };
    if (second !== undefined) return { kind: 'refused', reason: 'authorization_repeated' };
    const known = read.get(value);
    if (known !== undefined) return known;
    const authorization = readValue(value);
    if (authorization.kind === 'token') read.set(value, authorization);
    return authorization;
  };
}

const readBounds = { maxTexts: 2000, maxLength: 1024 };

/** The reader that all requests of this process share. */
export const readAuthorization: AuthorizationReader = authorizationReader();

function readValue(value: string): Authorization {
  if (value.length > maxTokenLength + 'Bearer '.length) return { kind: 'refused', reason: 'token_too_long' };
  const scheme = value.startsWith('Bearer ') ? 'Bearer' : schemeOf(value);
  if (scheme === undefined) return { kind: 'refused', reason: 'authorization_malformed' };
  const token = value.slice(scheme.length + 1);
  if (isCanonicalCompactJws(token)) return Object.freeze({ kind: 'token', token, scheme });
  return isOpaque(token) ? { kind: 'opaque', token, scheme } : { kind: 'refused', reason: 'token_malformed' };
}

const schemes = ['Bearer', 'DPoP'] as const satisfies readonly AuthorizationScheme[];

function schemeOf(value: string): AuthorizationScheme | undefined {
  return schemes.find((name) => value.slice(0, name.length + 1).toLowerCase() === `${name.toLowerCase()} `);
}

const b64token = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Text of the grammar `b64token` that does not begin with a JOSE header. A JWT in another spelling, or an encrypted one, must
 * not pass for an opaque token: it would be shown to an issuer that never made it.
 */
function isOpaque(text: string): text is OpaqueToken {
  return text.length <= maxTokenLength && b64token.test(text) && !hasJoseHeader(text);
}

// Only tells a JSON object from random bytes: whoever reads it as a header does so by stricter rules.
function hasJoseHeader(text: string): boolean {
  const [first = '', second] = text.split('.', 2);
  if (second === undefined) return false;
  try {
    return /^\s*\{[^]*\}\s*$/.test(new TextDecoder().decode(base64url.decode(first)));
  } catch {
    return false;
  }
}

const segment = /^[A-Za-z0-9_-]+$/;
const threeSegments = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Three base64url segments, each spelled in the only way that re-encoding would give (RFC 7515 §7.1, RFC 4648 §3.5).
 * Without this check one signature has up to sixteen spellings, and a token's text would not tell tokens apart.
 */
export function isCanonicalCompactJws(text: string): text is BearerToken {
  return text.length <= maxTokenLength && threeSegments.test(text) && endsEachCanonically(text);
}

function endsEachCanonically(text: string): boolean {
  const first = text.indexOf('.');
  const second = text.indexOf('.', first + 1);
  return (
    endsCanonically(text, { start: 0, end: first }) &&
    endsCanonically(text, { start: first + 1, end: second }) &&
    endsCanonically(text, { start: second + 1, end: text.length })
  );
}

/** At least one character of the base64url alphabet, no padding, and no bits beyond the last whole byte (RFC 4648 §3.5). */
export function isCanonicalBase64url(text: string): boolean {
  return segment.test(text) && endsCanonically(text, { start: 0, end: text.length });
}

/** The JOSE header of a compact JWS, encoded. */
export function headerPart(token: BearerToken): string {
  return token.slice(0, token.indexOf('.'));
}

/** Its payload, encoded. */
export function claimsPart(token: BearerToken): string {
  return token.slice(token.indexOf('.') + 1, signedEnd(token));
}

/** Where the signature's dot stands: what is before it was signed. From the front, since looking from the back takes three times as long. */
export function signedEnd(token: BearerToken): number {
  return token.indexOf('.', token.indexOf('.') + 1);
}

// Of the base64url alphabet, those whose last two or four bits are zero.
const withTwoZeros = 'AEIMQUYcgkosw048';
const withFourZeros = 'AQgw';

// The last character carries 6 bits; those beyond the last whole byte must be zero.
function endsCanonically(text: string, { start, end }: Readonly<{ start: number; end: number }>): boolean {
  const left = (end - start) % 4;
  const fitting = left === 2 ? withFourZeros : withTwoZeros;
  return left !== 1 && (left === 0 || fitting.includes(text.charAt(end - 1)));
}
