import { CompactSign, exportJWK, generateKeyPair, type CryptoKey, type JWK } from 'jose';
import { countEpochs, readKeySet, type VerificationKey, type VerificationKeys } from '../verification-keys.ts';

type SigningKey = Readonly<{ keyId: string; privateKey: CryptoKey; jwk: JWK }>;

export type HeaderMembers = Readonly<Record<string, unknown>>;

/** Real ES256 keys: the newest signs, all are published, and one more that never was signs for a stranger. */
export async function testKeys() {
  const first = await signingKey('key-1');
  const foreign = await signingKey('key-1');
  let published: readonly SigningKey[] = [first];
  let newest = first;
  let found = await publish(published);
  const epochOf = countEpochs();
  let epoch = epochOf(found.values());

  const keys: VerificationKeys = {
    find: (keyId) => found.get(keyId),
    refresh: async () => {},
    usable: () => true,
    epoch: () => epoch,
  };

  return {
    keys,
    /** What the authority publishes (RFC 7517 §5). */
    keySet: (): { keys: readonly JWK[] } => ({ keys: published.map(({ jwk }) => jwk) }),
    rotate: async (keyId: string): Promise<void> => {
      newest = await signingKey(keyId);
      published = [...published, newest];
      found = await publish(published);
      epoch = epochOf(found.values());
    },
    /** The last key can only be replaced: no set is empty. */
    withdraw: async (keyId: string): Promise<void> => {
      published = published.filter((key) => key.keyId !== keyId);
      found = await publish(published);
      epoch = epochOf(found.values());
    },
    sign: (header: HeaderMembers, claims: string): Promise<string> => sign(newest, header, claims),
    signAsStranger: (header: HeaderMembers, claims: string): Promise<string> => sign(foreign, header, claims),
  };
}

async function signingKey(keyId: string): Promise<SigningKey> {
  const pair = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: keyId, alg: 'ES256', use: 'sig' };
  return { keyId, privateKey: pair.privateKey, jwk };
}

function publish(keys: readonly SigningKey[]): Promise<ReadonlyMap<string, VerificationKey>> {
  return readKeySet({ keys: keys.map((key) => key.jwk) }, ['ES256']);
}

function sign(key: SigningKey, header: HeaderMembers, claims: string): Promise<string> {
  return new CompactSign(new TextEncoder().encode(claims))
    .setProtectedHeader({ alg: 'ES256', kid: key.keyId, ...header })
    .sign(key.privateKey);
}
