import { sign } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { KeyRing } from '../keys/key-ring.ts';

/** The kinds of tokens that this authority signs (`typ`, RFC 8725 §3.11). */
type TokenType = 'at+jwt' | 'txntoken+jwt' | 'token-introspection+jwt';

/**
 * Claims as a compact JWS (RFC 7515 §7.1), signed by ES256 (RFC 7518 §3.4) with the key that signs now. Not checked: what the claims say.
 *
 * Signed at once on this thread: that takes half as long as `jose`, which hands each signature to libuv's pool, where passwords are
 * hashed too (docs/decisions/0036).
 */
export function signToken(keys: Pick<KeyRing, 'signing'>, typ: TokenType, claims: JWTPayload): string {
  const { keyId, privateKey } = keys.signing();
  const text = `${encode({ alg: 'ES256', typ, kid: keyId })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
