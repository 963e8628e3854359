import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { heldClock, testAuthority } from '../testing.ts';
import { countEpochs, readKeySet, type VerificationKeys } from '../verification-keys.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * An issuer whose key this test has in its hands, so that it can sign any bytes for real: a token that is refused although
 * its signature holds is refused for the very thing that is wrong with it.
 */
export async function openForge() {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  const issuerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const attackerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...issuerKey.publicKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'ES256', use: 'sig' };
  const now = clock.epochSeconds();
  let made = 0;

  function goodClaims(): Members {
    made += 1;
    const about = { iss: authority.issuer, sub: 'u_ada', aud: 'catalog', client_id: 'web', scope: 'catalog:read' };
    const times = { iat: now, exp: now + 300, auth_time: now };
    return { ...about, ...times, jti: `forged-${made}`, sid: '1.test', acr: 'aal1' };
  }

  const goodHeader: Members = { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' };
  const token = (header: Members, claims: Members, by: KeyObject): string =>
    signEs256(`${encode(header)}.${encode(claims)}`, by);

  return {
    clock,
    now,
    jwk,
    publicKey: issuerKey.publicKey,
    /** The authority, with the keys of this forge. */
    authority: { ...authority, keys: await keysOf(jwk) },
    goodHeader,
    goodClaims,
    good: (): string => token(goodHeader, goodClaims(), issuerKey.privateKey),
    /** Signed by the issuer, with these members changed; `undefined` leaves one out. */
    signed: (claims: Members, header: Members = {}): string =>
      token({ ...goodHeader, ...header }, { ...goodClaims(), ...claims }, issuerKey.privateKey),
    /** Signed by the issuer, whatever these two texts or bytes say. */
    signedParts: (header: string | Uint8Array, claims: string | Uint8Array): string =>
      signEs256(`${encodeText(header)}.${encodeText(claims)}`, issuerKey.privateKey),
    /** Signed by a key that the issuer does not have. */
    byAttacker: (header: Members = {}): string =>
      token({ ...goodHeader, ...header }, { ...goodClaims(), sub: 'u_eve' }, attackerKey.privateKey),
    attackerJwk: attackerKey.publicKey.export({ format: 'jwk' }),
    /** HS256 over good claims, with whatever somebody might take for a shared secret. */
    hmac: (secret: string | Uint8Array, header: Members = {}): string => {
      const input = `${encode({ ...goodHeader, alg: 'HS256', ...header })}.${encode({ ...goodClaims(), sub: 'u_eve' })}`;
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    },
  };
}

export type Forge = Awaited<ReturnType<typeof openForge>>;

export function encode(members: Members): string {
  return encodeText(JSON.stringify(members));
}

export function encodeText(text: string | Uint8Array): string {
  return Buffer.from(text).toString('base64url');
}

function signEs256(input: string, key: KeyObject): string {
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

async function keysOf(jwk: object): Promise<VerificationKeys> {
  const found = await readKeySet({ keys: [jwk] }, ['ES256']);
  const epochOf = countEpochs();
  const epoch = (): number => epochOf(found.values());
  return { find: (keyId) => found.get(keyId), refresh: async () => {}, usable: () => true, epoch };
}
