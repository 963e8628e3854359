import { calculateJwkThumbprint, importJWK, type CryptoKey } from 'jose';
import { readKeyMaterial, type SigningAlgorithm } from './key-material.ts';
import { isJsonObject, type JsonObject } from './strict-json.ts';

export type { SigningAlgorithm } from './key-material.ts';

/** A public key that was checked when it was loaded, pinned to one algorithm (RFC 8725 §3.1). */
export type VerificationKey = Readonly<{
  keyId: string;
  algorithm: SigningAlgorithm;
  key: CryptoKey;
  /** SHA-256 of the public members, base64url (RFC 7638): two keys of one `kid` are told apart by it. */
  thumbprint: string;
}>;

/** Public keys of one issuer, by `kid`. */
export interface VerificationKeys {
  find(keyId: string): VerificationKey | undefined;
  /** Asks the source again, unless it was asked moments ago. Never throws; what was known stays known. */
  refresh(): Promise<void>;
  /** False until a first set was loaded, and again when it is too old to be believed. */
  usable(): boolean;
  /** Grows whenever a key that was there is gone or is another: whatever it proved before is to be proven again. */
  readonly epoch: () => number;
}

export const keyIdGrammar = /^[A-Za-z0-9_-]{1,64}$/;

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const maxKeys = 32;

/**
 * Reads a JWK set (RFC 7517 §5) that the issuer published. Keys for other algorithms or uses are left out, and so are those without
 * `kid` or `alg`, and those whose material does not hold (`readKeyMaterial`). A set that is not one, has over 32 keys, has no usable key,
 * repeats a `kid`, or holds a private or symmetric key is refused whole, by an error.
 */
export async function readKeySet(
  set: unknown,
  algorithms: readonly SigningAlgorithm[],
): Promise<ReadonlyMap<string, VerificationKey>> {
  const published = isJsonObject(set) ? set['keys'] : undefined;
  if (!Array.isArray(published)) throw new Error('not a JWK set');
  if (published.length > maxKeys) throw new Error(`more than ${maxKeys} keys`);
  const jwks = published.filter(isJsonObject);
  if (jwks.some(isSecretKey)) throw new Error('a private or symmetric key is published');
  const keyIds = jwks.map(({ kid }) => kid).filter((kid) => kid !== undefined);
  if (new Set(keyIds).size < keyIds.length) throw new Error('a kid is repeated');
  const keys = new Map<string, VerificationKey>();
  for (const jwk of jwks) {
    const key = await readKey(jwk, algorithms);
    if (key !== undefined) keys.set(key.keyId, key);
  }
  if (keys.size === 0) throw new Error('no usable key');
  return keys;
}

/** Whether anything of it is not for others to see, whatever else it says. */
export function isSecretKey(jwk: JsonObject): boolean {
  return jwk['kty'] === 'oct' || privateMembers.some((member) => Object.hasOwn(jwk, member));
}

async function readKey(jwk: JsonObject, algorithms: readonly SigningAlgorithm[]): Promise<VerificationKey | undefined> {
  const { kid, alg } = jwk;
  const algorithm = algorithms.find((name) => name === alg);
  if (algorithm === undefined || typeof kid !== 'string' || !keyIdGrammar.test(kid) || !isForVerifying(jwk))
    return undefined;
  const material = readKeyMaterial(jwk, algorithm);
  if (material === undefined) return undefined;
  // WebCrypto checks that an EC point is on the curve.
  const key = await importJWK(material, algorithm).catch(() => undefined);
  if (key === undefined || key instanceof Uint8Array) return undefined;
  return { keyId: kid, algorithm, key, thumbprint: await calculateJwkThumbprint(material) };
}

/** `use` and `key_ops` (RFC 7517 §4.2, §4.3), each where it is there: for signatures, and for checking them alone. */
function isForVerifying({ use, key_ops: operations }: JsonObject): boolean {
  if (use !== undefined && use !== 'sig') return false;
  return (
    operations === undefined || (Array.isArray(operations) && operations.length === 1 && operations[0] === 'verify')
  );
}

/**
 * Counts the epochs of a set that changes: told which keys there are now, it answers the present epoch. A key that is new, or one that
 * stayed, changes nothing.
 */
export function countEpochs(): (present: Iterable<VerificationKey>) => number {
  let before: ReadonlySet<string> = new Set();
  let epoch = 0;
  return (present) => {
    const now = new Set(
      Array.from(present, ({ keyId, algorithm, thumbprint }) => `${keyId} ${algorithm} ${thumbprint}`),
    );
    if (Array.from(before).some((key) => !now.has(key))) epoch += 1;
    before = now;
    return epoch;
  };
}
