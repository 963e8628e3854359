import { base64url, compactVerify, errors } from 'jose';
import type { BearerToken } from './bearer-token.ts';
import type { DenialReason } from './denial.ts';
import { parseStrictObject, type JsonObject } from './strict-json.ts';
import { keyIdGrammar, type VerificationKeys } from './verification-keys.ts';

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
  const [headerPart = '', claimsPart = ''] = text.split('.');
  const header = parseStrictObject(base64url.decode(headerPart));
  if (header === undefined) return refused('token_malformed');
  if (Object.keys(header).some((member) => !headerMembers.has(member))) return refused('token_header_refused');
  if (!isType(header['typ'], type)) return refused('token_type');
  const { alg, kid } = header;
  if (typeof kid !== 'string' || !keyIdGrammar.test(kid)) return refused('token_header_refused');
  if (keys.find(kid) === undefined) await keys.refresh();
  if (!keys.usable()) return { outcome: 'unknown', reason: 'keys_unavailable' };
  const key = keys.find(kid);
  if (key === undefined) return refused('token_key_unknown');
  if (alg !== key.algorithm) return refused('token_algorithm');
  try {
    await compactVerify(text, key.key, { algorithms: [key.algorithm] });
  } catch (error) {
    if (error instanceof errors.JOSEError) return refused('token_signature');
    throw error;
  }
  const claims = parseStrictObject(base64url.decode(claimsPart));
  return claims === undefined ? refused('token_claims') : { outcome: 'signed', claims, keyId: kid };
}

function refused(reason: DenialReason): SignedToken {
  return { outcome: 'refused', reason };
}

function isType(typ: unknown, expected: string): boolean {
  if (typeof typ !== 'string') return false;
  const lower = typ.toLowerCase();
  return lower === expected || lower === `application/${expected}`;
}
