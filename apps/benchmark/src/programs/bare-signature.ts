import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

export type SignedPart = Readonly<{ input: Buffer; signature: Buffer }>;

/** Of a compact JWS (RFC 7515 §7.1). Not checked: its spelling. */
export function signedPart(token: string): SignedPart {
  const end = token.lastIndexOf('.');
  return { input: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), 'base64url') };
}

/** The one thing that nobody who verifies an ES256 token can do without. @throws when the signature is not this key's */
export function bareCheck(key: object): (part: SignedPart) => void {
  const how = { key: publicKey(key), dsaEncoding: 'ieee-p1363' } as const;
  return ({ input, signature }) => {
    if (!verify('sha256', input, how, signature)) throw new Error('refused');
  };
}

/** `key`: a public JWK. */
export function publicKey(key: object): KeyObject {
  return createPublicKey({ key: { ...key }, format: 'jwk' });
}

/** A compact JWS, signed by ES256. `header`: encoded. */
export function bareToken(header: string, claims: object, privateKey: KeyObject): string {
  const text = `${header}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** One part of a token. */
export function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
