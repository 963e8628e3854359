import type { CryptoKey } from 'jose';
import { decodeBase64url } from './base64url.ts';
import { maxTokenLength, signedEnd, type BearerToken } from './bearer-token.ts';
import { writeDerSignature } from './der-signature.ts';
import type { SigningAlgorithm } from './key-material.ts';
import { nodeBuiltIn } from './node-built-in.ts';
import type { VerificationKey } from './verification-keys.ts';

/** Whether the token's signature holds. Answers at once. */
export type SignatureCheck = (token: BearerToken) => boolean;

type WebKey = Readonly<{
  name: string;
  namedCurve?: string;
  hash?: Readonly<{ name: string }>;
  modulusLength?: number;
}>;

/** How a key of an algorithm shows itself to WebCrypto, and how Node is told to check with it (RFC 7518 §3.1, RFC 8037 §3.1). */
type Kind = Readonly<{ web: WebKey; digest: string | null; options: object; derOf?: number | undefined }>;

/** `derOf`: bytes of a signature that is written in DER here, which takes OpenSSL less time than when it is told to read r and s. */
function ecdsa(namedCurve: string, digest: string, derOf?: number): Kind {
  const options = { dsaEncoding: 'ieee-p1363' };
  return { web: { name: 'ECDSA', namedCurve }, digest, options, derOf };
}

function rsa(name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS', bits: 256 | 384 | 512): Kind {
  // RSA_PKCS1_PADDING and RSA_PKCS1_PSS_PADDING of OpenSSL; a salt as long as the hash (RFC 7518 §3.5).
  const options = name === 'RSA-PSS' ? { padding: 6, saltLength: bits / 8 } : { padding: 1 };
  return { web: { name, hash: { name: `SHA-${bits}` } }, digest: `sha${bits}`, options };
}

const ed25519: Kind = { web: { name: 'Ed25519' }, digest: null, options: {} };

const kinds: Readonly<Record<SigningAlgorithm, Kind>> = {
  ES256: ecdsa('P-256', 'sha256', 64),
  ES384: ecdsa('P-384', 'sha384'),
  ES512: ecdsa('P-521', 'sha512'),
  EdDSA: ed25519,
  Ed25519: ed25519,
  RS256: rsa('RSASSA-PKCS1-v1_5', 256),
  RS384: rsa('RSASSA-PKCS1-v1_5', 384),
  RS512: rsa('RSASSA-PKCS1-v1_5', 512),
  PS256: rsa('RSA-PSS', 256),
  PS384: rsa('RSA-PSS', 384),
  PS512: rsa('RSA-PSS', 512),
};

const encoder = new TextEncoder();
const written = new Uint8Array(maxTokenLength);
const writtenDer = new Uint8Array(72);
const prepared = new WeakMap<VerificationKey, SignatureCheck | 'not here'>();

/**
 * A check with this key that answers at once, prepared the first time it is asked for; `undefined` where there is none: not on
 * Node, on one that is older than 22.3, or with a key that WebCrypto would not verify with. WebCrypto's check, which is then to be
 * used, answers the same, later.
 */
export function signatureCheck(key: VerificationKey): SignatureCheck | undefined {
  const known = prepared.get(key) ?? prepare(key) ?? 'not here';
  prepared.set(key, known);
  return known === 'not here' ? undefined : known;
}

function prepare({ key, algorithm }: VerificationKey): SignatureCheck | undefined {
  const crypto = nodeBuiltIn('node:crypto');
  const { web, digest, options, derOf } = kinds[algorithm];
  if (crypto === undefined || !isFit(key, web)) return undefined;
  const keyObject = crypto.KeyObject.from(key);
  const how = { key: keyObject, ...options };
  return (token) => {
    const end = signedEnd(token);
    // A token is ASCII: as many bytes as characters. They are read before anybody else writes there.
    encoder.encodeInto(token, written);
    const signed = written.subarray(0, end);
    const signature = decodeBase64url(token.slice(end + 1));
    if (derOf === undefined) return crypto.verify(digest, signed, how, signature);
    if (signature.length !== derOf) return false;
    return crypto.verify(digest, signed, keyObject, writtenDer.subarray(0, writeDerSignature(signature, writtenDer)));
  };
}

/** What `jose` and WebCrypto look at before they verify with a key. */
function isFit({ usages, algorithm }: CryptoKey, { name, namedCurve, hash }: WebKey): boolean {
  const own: WebKey = algorithm;
  const isLong = !name.startsWith('RSA') || (own.modulusLength ?? 0) >= 2048;
  const isSame = own.name === name && own.namedCurve === namedCurve && own.hash?.name === hash?.name;
  return usages.includes('verify') && isSame && isLong;
}
