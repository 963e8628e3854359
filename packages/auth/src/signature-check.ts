import type { CryptoKey } from 'jose';
import type { SigningAlgorithm } from './key-material.ts';
import type { VerificationKey } from './verification-keys.ts';

/** Whether `signature` holds over `input`. Answers at once. */
export type SignatureCheck = (input: Uint8Array, signature: Uint8Array) => boolean;

/** What is used of `node:crypto`. Declared here, because the package is also built for where there is none. */
type NodeCrypto = Readonly<{
  KeyObject: Readonly<{ from: (key: CryptoKey) => object }>;
  verify: (...given: [digest: string | null, input: Uint8Array, key: object, signature: Uint8Array]) => boolean;
}>;

type WebKey = Readonly<{
  name: string;
  namedCurve?: string;
  hash?: Readonly<{ name: string }>;
  modulusLength?: number;
}>;

/** How a key of an algorithm shows itself to WebCrypto, and how Node is told to check with it (RFC 7518 §3.1, RFC 8037 §3.1). */
type Kind = Readonly<{ web: WebKey; digest: string | null; options: object }>;

function ecdsa(namedCurve: string, digest: string): Kind {
  return { web: { name: 'ECDSA', namedCurve }, digest, options: { dsaEncoding: 'ieee-p1363' } };
}

function rsa(name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS', bits: 256 | 384 | 512): Kind {
  // RSA_PKCS1_PADDING and RSA_PKCS1_PSS_PADDING of OpenSSL; a salt as long as the hash (RFC 7518 §3.5).
  const options = name === 'RSA-PSS' ? { padding: 6, saltLength: bits / 8 } : { padding: 1 };
  return { web: { name, hash: { name: `SHA-${bits}` } }, digest: `sha${bits}`, options };
}

const ed25519: Kind = { web: { name: 'Ed25519' }, digest: null, options: {} };

const kinds: Readonly<Record<SigningAlgorithm, Kind>> = {
  ES256: ecdsa('P-256', 'sha256'),
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
  const crypto = nodeCrypto();
  const { web, digest, options } = kinds[algorithm];
  if (crypto === undefined || !isFit(key, web)) return undefined;
  const how = { key: crypto.KeyObject.from(key), ...options };
  return (input, signature) => crypto.verify(digest, input, how, signature);
}

/** What `jose` and WebCrypto look at before they verify with a key. */
function isFit({ usages, algorithm }: CryptoKey, { name, namedCurve, hash }: WebKey): boolean {
  const own: WebKey = algorithm;
  const isLong = !name.startsWith('RSA') || (own.modulusLength ?? 0) >= 2048;
  const isSame = own.name === name && own.namedCurve === namedCurve && own.hash?.name === hash?.name;
  return usages.includes('verify') && isSame && isLong;
}

/** Only Node's own: what other runtimes have under the name is their rebuilding of it. */
function nodeCrypto(): NodeCrypto | undefined {
  // Neither is there everywhere.
  const { navigator, process } = globalThis as {
    navigator?: { userAgent?: string };
    process?: { getBuiltinModule?: (name: 'node:crypto') => NodeCrypto | undefined };
  };
  return navigator?.userAgent?.startsWith('Node.js/') ? process?.getBuiltinModule?.('node:crypto') : undefined;
}
