import { isCanonicalCompactJws } from '../bearer-token.ts';
import type { SigningAlgorithm } from '../key-material.ts';
import { readHeader, refuseSignature } from '../signed-token.ts';
import { isJsonObject, type JsonObject } from '../strict-json.ts';
import { readKeySet } from '../verification-keys.ts';

/** What our code says to a JWS that is no access token: accepted, or where it was refused. */
export type Decision = 'accepted' | 'grammar' | 'header' | 'key' | 'algorithm' | 'signature';

const everyAlgorithm: readonly SigningAlgorithm[] = [
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
];

/**
 * The way of `openSignedToken` with the same parts, but for what a vector does not have: an RFC 9068 `typ`, and a `kid` to find
 * its key by. A vector names one key, which is loaded as a published one would be, under a `kid` of the test's.
 */
export async function decide(jws: unknown, jwk: JsonObject): Promise<Decision> {
  if (typeof jws !== 'string' || !isCanonicalCompactJws(jws)) return 'grammar';
  const header = readHeader(jws);
  if ('outcome' in header) return 'header';
  const keys = await readKeySet({ keys: [{ ...jwk, kid: 'vector' }] }, everyAlgorithm).catch(() => undefined);
  const key = keys?.get('vector');
  if (key === undefined) return 'key';
  const refusal = await refuseSignature(jws, header, key);
  if (refusal === undefined) return 'accepted';
  return refusal === 'token_algorithm' ? 'algorithm' : 'signature';
}

/** The public half of a key, as its owner would publish it. A symmetric key has none, and stays what it is. */
export function publicHalf(jwk: unknown): JsonObject {
  if (!isJsonObject(jwk)) throw new Error('not a key');
  if (jwk['kty'] === 'oct') return jwk;
  const secret = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']);
  return Object.fromEntries(Object.entries(jwk).filter(([member]) => !secret.has(member)));
}
