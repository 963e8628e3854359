import { base64url } from 'jose';
import { isCanonicalBase64url } from './bearer-token.ts';
import type { JsonObject } from './strict-json.ts';

type Curve = Readonly<{ kty: 'EC' | 'OKP'; crv: string; coordinates: readonly string[]; bytes: number }>;
type Rsa = Readonly<{ kty: 'RSA' }>;

const p256: Curve = { kty: 'EC', crv: 'P-256', coordinates: ['x', 'y'], bytes: 32 };
const p384: Curve = { kty: 'EC', crv: 'P-384', coordinates: ['x', 'y'], bytes: 48 };
const p521: Curve = { kty: 'EC', crv: 'P-521', coordinates: ['x', 'y'], bytes: 66 };
const ed25519: Curve = { kty: 'OKP', crv: 'Ed25519', coordinates: ['x'], bytes: 32 };
const rsa: Rsa = { kty: 'RSA' };

/** Algorithms that can be pinned for an issuer, each with the one kind of key that it takes (RFC 7518 §3.1, RFC 8037, RFC 9864). */
const keyKinds = {
  ES256: p256,
  ES384: p384,
  ES512: p521,
  EdDSA: ed25519,
  Ed25519: ed25519,
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
} as const satisfies Record<string, Curve | Rsa>;

/** A signature algorithm whose key can be published. No symmetric one: whoever can check could then also sign. */
export type SigningAlgorithm = keyof typeof keyKinds;

/** The members that make up a public key, and no others. */
export type KeyMaterial = Readonly<Record<string, string> & { kty: string }>;

/** Length of an RSA modulus, in bits. Longer ones would make each check expensive; shorter ones are no longer safe. */
const rsaModulusBits = { least: 2048, greatest: 8192 } as const;

/**
 * The public members of a JWK for `algorithm`, or `undefined` when they do not fit: another type or curve, a spelling that is not
 * canonical, a coordinate of another length (RFC 7518 §6.2.1.2), a small RSA modulus, an exponent that is even or under 65537
 * (NIST SP 800-56B §6.2). Not checked: that an EC point is on its curve (importing does), how an RSA modulus was made.
 */
export function readKeyMaterial(jwk: JsonObject, algorithm: SigningAlgorithm): KeyMaterial | undefined {
  const kind = keyKinds[algorithm];
  if (jwk['kty'] !== kind.kty) return undefined;
  return kind.kty === 'RSA' ? readRsa(jwk) : readPoint(jwk, kind);
}

function readPoint(jwk: JsonObject, { kty, crv, coordinates, bytes }: Curve): KeyMaterial | undefined {
  if (jwk['crv'] !== crv) return undefined;
  const read = coordinates.map((name) => [name, readBytes(jwk[name])] as const);
  if (!read.every(([, value]) => value?.bytes.length === bytes)) return undefined;
  if (crv === 'Ed25519' && read.some(([, value]) => value !== undefined && !isEd25519Key(value.bytes)))
    return undefined;
  return { kty, crv, ...Object.fromEntries(read.map(([name, value]) => [name, value?.text ?? ''])) };
}

function readRsa(jwk: JsonObject): KeyMaterial | undefined {
  const n = readBytes(jwk['n']);
  const e = readBytes(jwk['e']);
  if (n === undefined || e === undefined || n.bytes.length * 8 > rsaModulusBits.greatest || e.bytes.length > 4)
    return undefined;
  // Base64urlUInt has no leading zeros (RFC 7518 §2): one key, one spelling.
  if (n.bytes[0] === 0 || e.bytes[0] === 0) return undefined;
  const modulus = toInteger(n.bytes);
  const exponent = toInteger(e.bytes);
  if (modulus.toString(2).length < rsaModulusBits.least || modulus % 2n === 0n) return undefined;
  if (exponent < 65_537n || exponent % 2n === 0n) return undefined;
  return { kty: 'RSA', n: n.text, e: e.text };
}

function readBytes(value: unknown): { text: string; bytes: Uint8Array } | undefined {
  if (typeof value !== 'string' || !isCanonicalBase64url(value)) return undefined;
  return { text: value, bytes: base64url.decode(value) };
}

function toInteger(bigEndian: Uint8Array): bigint {
  return BigInt(`0x${Array.from(bigEndian, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

const fieldPrime = 2n ** 255n - 19n;

const orderEight = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** y of the points whose order divides 8: with such a key anybody's signature holds. */
const smallOrder: ReadonlySet<bigint> = new Set([0n, 1n, fieldPrime - 1n, orderEight, fieldPrime - orderEight]);

/** An encoded point (RFC 8032 §5.1.3): y below the prime, on the curve, not of small order. Importing looks at none of it. */
function isEd25519Key(littleEndian: Uint8Array): boolean {
  const encoded = toInteger(littleEndian.toReversed());
  const y = encoded & (2n ** 255n - 1n);
  if (y >= fieldPrime || smallOrder.has(y)) return false;
  // x² = (y² − 1) / (d y² + 1), with d = −121665/121666. Both sides times a square have a root or have none.
  const ySquared = (y * y) % fieldPrime;
  const numerator = ySquared - 1n;
  const denominator = 121_666n - 121_665n * ySquared;
  const euler = raise(
    (((numerator * denominator * 121_666n) % fieldPrime) + fieldPrime) % fieldPrime,
    (fieldPrime - 1n) / 2n,
  );
  return euler === 1n;
}

function raise(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest % 2n === 1n) result = (result * square) % fieldPrime;
    square = (square * square) % fieldPrime;
  }
  return result;
}
