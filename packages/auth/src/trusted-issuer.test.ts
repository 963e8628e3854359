import { expect, test } from 'vitest';
import { openGates } from './gates.ts';
import { rememberForMs } from './revocations.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

const verifier = (maxLifetimeSeconds: number) => ({
  maxLifetimeSeconds,
  verify: () => {
    throw new Error('not reached');
  },
});
const feed = { silenceMs: () => 0, isRevoked: () => false, learn: () => {}, position: () => 0 };
const house: TrustedIssuer = { issuer: 'https://house.test', local: verifier(600), revocations: feed };
const partner: TrustedIssuer = {
  issuer: 'https://partner.test',
  name: 'partner',
  local: verifier(600),
  revocations: { feed: 'none', believeForSeconds: 60 },
};
const other = { ...partner, issuer: 'https://other.test', name: 'other' };
const opaque = { verify: () => Promise.reject(new Error('not reached')) };
const { local: _, ...withoutVerifier } = partner;

test.each<[string, readonly TrustedIssuer[], string]>([
  ['nobody', [], 'nobody could ever get in'],
  ['an issuer twice', [partner, { ...partner, name: 'again' }], 'the issuer https://partner.test is there twice'],
  ['two of one name', [partner, { ...partner, issuer: 'https://other.test' }], 'two issuers are called "partner"'],
  ['two without a name', [house, { ...house, issuer: 'https://other.test' }], 'two issuers have no name'],
  [
    'two with opaque tokens',
    [
      { ...partner, opaque },
      { ...other, opaque },
    ],
    'two issuers have opaque tokens',
  ],
  ['a name with a colon', [{ ...partner, name: 'a:b' }], 'is called "a:b"'],
  ['a name in capitals', [{ ...partner, name: 'A' }], 'use a small letter'],
  ['an empty name', [{ ...partner, name: '' }], 'use a small letter'],
  ['an issuer without any verifier', [withoutVerifier], 'no verifier for any token'],
  ['belief beyond 600 s', [{ ...partner, revocations: { feed: 'none', believeForSeconds: 601 } }], '0 to 600'],
  ['belief for no whole seconds', [{ ...partner, revocations: { feed: 'none', believeForSeconds: 1.5 } }], '0 to 600'],
  ['belief for ever', [{ ...partner, revocations: { feed: 'none', believeForSeconds: Infinity } }], '0 to 600'],
  [
    'tokens that outlive the memory of their revocation',
    [{ ...house, local: verifier(rememberForMs / 1000 + 1) }],
    'revocations are remembered for 900 s',
  ],
])('gates that would trust %s do not open', (_name, issuers, sentence) => {
  expect(() => openGates({ issuers })).toThrow(sentence);
});

test('gates that can keep their issuers apart open', () => {
  expect(() => openGates({ issuers: [house, { ...partner, opaque }, other] })).not.toThrow();
  expect(() => openGates({ issuers: [{ ...house, local: verifier(rememberForMs / 1000) }] })).not.toThrow();
});

test('closing the gates closes what their issuers keep open', () => {
  const closed: string[] = [];
  const gates = openGates({ issuers: [house, { ...partner, close: () => closed.push('partner') }] });
  gates.close();
  expect(closed).toEqual(['partner']);
});
