import { base64url, compactVerify, errors } from 'jose';
import type { BearerToken } from './bearer-token.ts';
import type { DenialReason } from './denial.ts';
import { parseStrictObject, type JsonObject } from './strict-json.ts';
import { keyIdGrammar, type VerificationKey, type VerificationKeys } from './verification-keys.ts';

/** Claims whose signature holds and about which nothing else is known, or why there are none. */
export type SignedToken =
  | Readonly<{ outcome: 'signed'; claims: JsonObject; keyId: string }>
  | Readonly<{ outcome: 'refused'; reason: DenialReason }>
  | Readonly<{ outcome: 'unknown'; reason: 'keys_unavailable' }>;

/** `alg`, `typ` and `kid`, and no others: no `crit`, and no key or URL that the token brings along (RFC 8725 §3.10). */
const headerMembers: ReadonlySet<string> = new Set(['alg', 'typ', 'kid']);

/**
 * Checks the JOSE header and the signature (RFC 7515 §5.2), and parses the claims strictly. `type` is compared without
 * case and with an optional `application/` (RFC 8725 §3.11). Not checked: any claim.
 */
export async function openSignedToken(text: BearerToken, type: string, keys: VerificationKeys): Promise<SignedToken> {
  const header = readHeader(text);
  if ('outcome' in header) return header;
  const { typ, kid } = header;
  if (!isType(typ, type)) return refused('token_type');
  if (typeof kid !== 'string' || !keyIdGrammar.test(kid)) return refused('token_header_refused');
  if (keys.find(kid) === undefined) await keys.refresh();
  if (!keys.usable()) return { outcome: 'unknown', reason: 'keys_unavailable' };
  const key = keys.find(kid);
  if (key === undefined) return refused('token_key_unknown');
  const reason = await refuseSignature(text, header, key);
  if (reason !== undefined) return refused(reason);
  const claims = parseStrictObject(base64url.decode(text.split('.')[1] ?? ''));
  return claims === undefined ? refused('token_claims') : { outcome: 'signed', claims, keyId: kid };
}

type TokenHeader = Readonly<{ alg: unknown; typ: unknown; kid: unknown }>;
type Refused = Extract<SignedToken, { outcome: 'refused' }>;

/** The JOSE header, parsed strictly, when it has no other members than ours. What they say is not checked. */
export function readHeader(text: BearerToken): TokenHeader | Refused {
  const header = parseStrictObject(base64url.decode(text.split('.')[0] ?? ''));
  if (header === undefined) return refused('token_malformed');
  if (Object.keys(header).some((member) => !headerMembers.has(member))) return refused('token_header_refused');
  return { alg: header['alg'], typ: header['typ'], kid: header['kid'] };
}

/** The reason why `key` did not sign the token with the algorithm that it is pinned to, or `undefined` when it did. */
export async function refuseSignature(
  text: BearerToken,
  { alg }: Pick<TokenHeader, 'alg'>,
  { key, algorithm }: VerificationKey,
): Promise<'token_algorithm' | 'token_signature' | undefined> {
  if (alg !== algorithm) return 'token_algorithm';
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
  if (typeof typ !== 'string') return false;
  const lower = typ.toLowerCase();
  return lower === expected || lower === `application/${expected}`;
}
