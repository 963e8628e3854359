import { expect, test } from 'vitest';
import { isCanonicalCompactJws } from '../bearer-token.ts';
import type { SigningAlgorithm } from '../key-material.ts';
import { refuseSignature } from '../signed-token.ts';
import { readKeySet } from '../verification-keys.ts';
import { hasVectors, readVectors } from './vectors.ts';

type Case = Readonly<{ tcId: number; msg: string; sig: string; result: 'valid' | 'invalid' }>;
type Group = Readonly<{ publicKey: Readonly<{ wx?: string; wy?: string; pk?: string }>; tests: readonly Case[] }>;
type File = Readonly<{ testGroups: readonly Group[] }>;

const absent = !hasVectors('wycheproof');
const groupsOf = (name: string) => (absent ? [] : (readVectors(`wycheproof/${name}.json`) as File).testGroups);

const base64url = (hex = '') => Buffer.from(hex, 'hex').toString('base64url');
/** As a key set spells it: 32 bytes, whatever zeros the vector has before it, or lacks. */
const coordinate = (hex = '') => base64url(hex.replace(/^0+/, '').padStart(64, '0'));

const files = [
  {
    algorithm: 'ES256',
    // As `jose` asks for it.
    parameters: { name: 'ECDSA', hash: 'SHA-256' },
    total: 262,
    groups: groupsOf('ecdsa_secp256r1_sha256_p1363_test'),
    jwk: ({ publicKey: { wx, wy } }: Group) => ({ kty: 'EC', crv: 'P-256', x: coordinate(wx), y: coordinate(wy) }),
  },
  {
    algorithm: 'EdDSA',
    parameters: { name: 'Ed25519' },
    total: 151,
    groups: groupsOf('ed25519_test'),
    jwk: ({ publicKey: { pk } }: Group) => ({ kty: 'OKP', crv: 'Ed25519', x: base64url(pk) }),
  },
] as const satisfies readonly { algorithm: SigningAlgorithm; [more: string]: unknown }[];

async function load(jwk: object, algorithm: SigningAlgorithm) {
  const key = (await readKeySet({ keys: [{ ...jwk, alg: algorithm, kid: 'vector' }] }, [algorithm])).get('vector');
  if (key === undefined) throw new Error('no key');
  return key;
}

// What is signed in these files is no JWS, so it cannot come in by the door; the keys do, and the check is the one behind it.
// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent).each(files)(
  'Wycheproof $algorithm: $total signatures are decided as the vectors say, under keys that were loaded as published ones are',
  async ({ algorithm, parameters, total, groups, jwk }) => {
    const differing: number[] = [];
    let seen = 0;
    for (const group of groups) {
      const { key } = await load(jwk(group), algorithm);
      for (const { tcId, msg, sig, result } of group.tests) {
        seen += 1;
        const [signature, message] = [Buffer.from(sig, 'hex'), Buffer.from(msg, 'hex')];
        const holds = await crypto.subtle.verify(parameters, key, signature, message).catch(() => false);
        if (holds !== (result === 'valid')) differing.push(tcId);
      }
    }
    expect({ seen, differing }).toEqual({ seen: total, differing: [] });
  },
);

// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent).each(files)(
  'Wycheproof $algorithm: none of the signatures, valid or not, holds for a token that it was not made for',
  async ({ algorithm, groups, jwk }) => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: algorithm, typ: 'at+jwt', kid: 'vector' })}.${part({ sub: 'u_eve' })}`;
    const answers = new Set<string | undefined>();
    for (const group of groups) {
      const key = await load(jwk(group), algorithm);
      for (const { sig } of group.tests) {
        const text = `${signed}.${base64url(sig)}`;
        answers.add(isCanonicalCompactJws(text) ? await refuseSignature(text, { alg: algorithm }, key) : 'grammar');
      }
    }
    answers.delete('grammar');
    expect(answers).toEqual(new Set(['token_signature']));
  },
);
