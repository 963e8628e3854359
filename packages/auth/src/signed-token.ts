import { compactVerify, errors } from 'jose';
import { andThen } from './and-then.ts';
import { decodeBase64url } from './base64url.ts';
import { claimsPart, headerPart, type BearerToken } from './bearer-token.ts';
import type { DenialReason } from './denial.ts';
import { signatureCheck } from './signature-check.ts';
import { parseStrictObject, type JsonObject } from './strict-json.ts';
import { keyIdGrammar, type VerificationKey, type VerificationKeys } from './verification-keys.ts';

/** Claims whose signature holds and about which nothing else is known, or why there are none. */
export type SignedToken =
  | Readonly<{ outcome: 'signed'; claims: JsonObject; keyId: string }>
  | Readonly<{ outcome: 'refused'; reason: DenialReason }>
  | Readonly<{ outcome: 'unknown'; reason: 'keys_unavailable' }>;

/**
 * Checks the JOSE header and the signature (RFC 7515 §5.2), and parses the claims strictly. `type` is compared without
 * case and with an optional `application/` (RFC 8725 §3.11). Answers at once where the key is here and this runtime can check with it
 * without waiting. Not checked: any claim.
 */
export function openSignedToken(
  text: BearerToken,
  type: string,
  keys: VerificationKeys,
): SignedToken | Promise<SignedToken> {
  const header = readHeader(text);
  if ('outcome' in header) return header;
  const { typ, kid } = header;
  if (!isType(typ, type)) return refused('token_type');
  if (typeof kid !== 'string' || !keyIdGrammar.test(kid)) return refused('token_header_refused');
  const open = (): SignedToken | Promise<SignedToken> => openWithKey(text, header, { keys, keyId: kid });
  return keys.find(kid) === undefined ? keys.refresh().then(open) : open();
}

type NamedKey = Readonly<{ keys: VerificationKeys; keyId: string }>;

function openWithKey(
  text: BearerToken,
  header: TokenHeader,
  { keys, keyId }: NamedKey,
): SignedToken | Promise<SignedToken> {
  if (!keys.usable()) return { outcome: 'unknown', reason: 'keys_unavailable' };
  const key = keys.find(keyId);
  if (key === undefined) return refused('token_key_unknown');
  const open = (reason: SignatureRefusal | undefined): SignedToken => {
    if (reason !== undefined) return refused(reason);
    if (header.start === undefined) rememberHeader(text, header);
    return readClaims(text, keyId);
  };
  return andThen(refuseSignature(text, header, key), open);
}

function readClaims(text: BearerToken, keyId: string): SignedToken {
  const claims = parseStrictObject(decodeBase64url(claimsPart(text)));
  return claims === undefined ? refused('token_claims') : { outcome: 'signed', claims, keyId };
}

/** `start`: of tokens that have it, its dot included. It was read before then, in a token whose signature held. */
type TokenHeader = Readonly<{ alg: unknown; typ: unknown; kid: unknown; start?: string }>;
type Refused = Extract<SignedToken, { outcome: 'refused' }>;

/** The JOSE header, parsed strictly, when it has no other members than ours. What they say is not checked. */
export function readHeader(text: BearerToken): TokenHeader | Refused {
  return headers.find(({ start }) => text.startsWith(start)) ?? parseHeader(text);
}

/** Has `alg`, `typ` and `kid`, and no others: no `crit`, and no key or URL that the token brings along (RFC 8725 §3.10). */
function parseHeader(text: BearerToken): TokenHeader | Refused {
  const header = parseStrictObject(decodeBase64url(headerPart(text)));
  if (header === undefined) return refused('token_malformed');
  const { alg, typ, kid, ...others } = header;
  if (Object.keys(others).length > 0) return refused('token_header_refused');
  return { alg, typ, kid };
}

/**
 * An issuer's tokens have few. Only those of tokens whose signature held, so that nobody else can fill it. Compared one by one: to find a text in
 * a Map, V8 has to keep it first.
 */
const headers: (TokenHeader & Readonly<{ start: string }>)[] = [];
const maxHeaders = 100;

function rememberHeader(text: BearerToken, header: TokenHeader): void {
  if (headers.length >= maxHeaders) headers.length = 0;
  headers.push({ ...header, start: `${headerPart(text)}.` });
}

type SignatureRefusal = 'token_algorithm' | 'token_signature';

/**
 * The reason why `key` did not sign the token with the algorithm that it is pinned to, or `undefined` when it did. A failure of the
 * runtime is neither, and thrown.
 */
export function refuseSignature(
  text: BearerToken,
  { alg }: Pick<TokenHeader, 'alg'>,
  key: VerificationKey,
): SignatureRefusal | undefined | Promise<SignatureRefusal | undefined> {
  if (alg !== key.algorithm) return 'token_algorithm';
  const holds = signatureCheck(key);
  if (holds === undefined) return refuseByWebCrypto(text, key);
  return holds(text) ? undefined : 'token_signature';
}

async function refuseByWebCrypto(
  text: BearerToken,
  { key, algorithm }: VerificationKey,
): Promise<SignatureRefusal | undefined> {
  try {
    await compactVerify(text, key, { algorithms: [algorithm] });
    return undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return 'token_signature';
    throw error;
  }
}

function refused(reason: DenialReason): Refused {
  return { outcome: 'refused', reason };
}

function isType(typ: unknown, expected: string): boolean {
  // As a rule it is spelled so.
  if (typ === expected) return true;
  if (typeof typ !== 'string') return false;
  const lower = typ.toLowerCase();
  return lower === expected || lower === `application/${expected}`;
}
