import { expect, test } from 'vitest';
import { openProof } from '../dpop-proof.ts';
import { hasVectors, readVectors } from './vectors.ts';

type Group = Readonly<{
  publicKey: Readonly<{ wx?: string; wy?: string; pk?: string }>;
  tests: readonly Readonly<{ sig: string }>[];
}>;

const absent = !hasVectors('wycheproof');
const groupsOf = (name: string) =>
  absent ? [] : (readVectors(`wycheproof/${name}.json`) as Readonly<{ testGroups: readonly Group[] }>).testGroups;

const base64url = (hex = '') => Buffer.from(hex, 'hex').toString('base64url');
const coordinate = (hex = '') => base64url(hex.replace(/^0+/, '').padStart(64, '0'));

const files = [
  {
    algorithm: 'ES256',
    groups: groupsOf('ecdsa_secp256r1_sha256_p1363_test'),
    jwk: ({ publicKey: { wx, wy } }: Group) => ({ kty: 'EC', crv: 'P-256', x: coordinate(wx), y: coordinate(wy) }),
  },
  {
    algorithm: 'Ed25519',
    groups: groupsOf('ed25519_test'),
    jwk: ({ publicKey: { pk } }: Group) => ({ kty: 'OKP', crv: 'Ed25519', x: base64url(pk) }),
  },
] as const;

// A key that a proof brings along is the sender's choice: also one that is made so that some signature holds for anything.
// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent).each(files)(
  'Wycheproof $algorithm: no signature of the vectors, under its own key, holds for a proof that it was not made for (DPP-01)',
  async ({ algorithm, groups, jwk }) => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = part({ jti: 'j', htm: 'POST', htu: 'https://payments.example/trpc/pay', iat: 1_800_000_000 });
    const answers = new Set<string>();
    for (const group of groups) {
      const header = part({ alg: algorithm, typ: 'dpop+jwt', jwk: jwk(group) });
      for (const { sig } of group.tests) {
        const opened = await openProof([`${header}.${claims}.${base64url(sig)}`]);
        answers.add(opened.outcome === 'refused' ? opened.reason : opened.outcome);
      }
    }
    for (const harmless of ['proof_malformed', 'proof_key']) answers.delete(harmless);
    expect(answers).toEqual(new Set(['proof_signature']));
  },
);
