import { base64url, calculateJwkThumbprint, CompactSign, exportJWK, generateKeyPair } from 'jose';
import type { Clock } from '../clock.ts';
import { heldClock } from './held-clock.ts';

type Members = Readonly<Record<string, unknown>>;

/** What a proof is for. `claims` and `header` override what a good proof says; with `undefined` they leave a member out. */
export type ProofParts = Readonly<{
  method: string;
  url: string;
  /** The access token that it goes with. */
  token?: string;
  nonce?: string;
  claims?: Members;
  header?: Members;
}>;

/** A sender with a key of its own, which makes proofs of possession (RFC 9449 §4.2), good ones and others. */
export async function testSender(clock: Clock = heldClock(), algorithm: 'ES256' | 'Ed25519' = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const jwk = await exportJWK(publicKey);
  let made = 0;
  return {
    jwk,
    /** What a token that is bound to this key names: `cnf: { jkt }`. */
    keyThumbprint: await calculateJwkThumbprint(jwk),
    /** The value of a `DPoP` header. */
    prove: async ({ method, url, token, nonce, claims, header }: ProofParts): Promise<string> => {
      made += 1;
      const said = { jti: `proof-${made}`, htm: method, htu: url, iat: clock.epochSeconds(), nonce };
      const ath = token === undefined ? undefined : await digestOf(token);
      return new CompactSign(new TextEncoder().encode(JSON.stringify({ ...said, ath, ...claims })))
        .setProtectedHeader({ alg: algorithm, typ: 'dpop+jwt', jwk, ...header })
        .sign(privateKey);
    },
  };
}

/** What `testSender` makes. */
export type TestSender = Awaited<ReturnType<typeof testSender>>;

async function digestOf(token: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))));
}
