import { importJWK, type CryptoKey } from 'jose';
import { isJsonObject, type JsonObject } from './strict-json.ts';

export type VerificationKey = Readonly<{ keyId: string; algorithm: string; key: CryptoKey }>;

/** Public keys of one issuer, by `kid`. */
export interface VerificationKeys {
  find(keyId: string): VerificationKey | undefined;
  /** Asks the source again, unless it was asked moments ago. Never throws; what was known stays known. */
  refresh(): Promise<void>;
  /** False until a first set was loaded, and again when it is too old to be believed. */
  usable(): boolean;
}

/** Algorithms that can be pinned for an issuer, each with the one key type that it takes (RFC 7518 §3.1, RFC 8037). */
const keyTypes = {
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
} as const;

export type SigningAlgorithm = keyof typeof keyTypes;

export const keyIdGrammar = /^[A-Za-z0-9_-]{1,64}$/;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const maxKeys = 32;

/**
 * Reads a JWK set (RFC 7517 §5) that the issuer published. Keys of other types or uses are left out; a set that is not
 * one, is empty of usable keys, repeats a `kid` or holds private members is refused whole by an error.
 */
export async function readKeySet(
  set: unknown,
  algorithms: readonly SigningAlgorithm[],
): Promise<ReadonlyMap<string, VerificationKey>> {
  const published = isJsonObject(set) ? set['keys'] : undefined;
  if (!Array.isArray(published)) throw new Error('not a JWK set');
  if (published.length > maxKeys) throw new Error(`more than ${maxKeys} keys`);
  const keys = new Map<string, VerificationKey>();
  for (const jwk of published) {
    if (!isJsonObject(jwk)) continue;
    if (privateMembers.some((member) => member in jwk)) throw new Error('a private key is published');
    const key = await readKey(jwk, algorithms);
    if (key === undefined) continue;
    if (keys.has(key.keyId)) throw new Error('a kid is repeated');
    keys.set(key.keyId, key);
  }
  if (keys.size === 0) throw new Error('no usable key');
  return keys;
}

async function readKey(jwk: JsonObject, algorithms: readonly SigningAlgorithm[]): Promise<VerificationKey | undefined> {
  const { kid, kty, crv, x, y, use, key_ops: operations } = jwk;
  const algorithm = algorithms.find((name) => name === jwk['alg']);
  if (algorithm === undefined || typeof kid !== 'string' || !keyIdGrammar.test(kid)) return undefined;
  if (kty !== keyTypes[algorithm].kty || crv !== keyTypes[algorithm].crv) return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  if (typeof x !== 'string') return undefined;
  const coordinates = {
    kty: keyTypes[algorithm].kty,
    crv: keyTypes[algorithm].crv,
    x,
    ...(typeof y === 'string' && { y }),
  };
  // WebCrypto checks that the point is on the curve.
  const key = await importJWK(coordinates, algorithm).catch(() => undefined);
  return key === undefined || key instanceof Uint8Array ? undefined : { keyId: kid, algorithm, key };
}
