import { expect, test } from 'vitest';
import { isCanonicalCompactJws, readAuthorization } from '../bearer-token.ts';
import { readHeader } from '../signed-token.ts';
import type { JsonObject } from '../strict-json.ts';
import { decide, publicHalf, type Decision } from './vector-decision.ts';
import { hasVectors, readVectors } from './vectors.ts';

type Case = Readonly<{ tcId: number; comment: string; result: 'valid' | 'invalid'; jws: unknown; jwe: string }>;
type Group = Readonly<{ public?: JsonObject; private: JsonObject; tests: readonly Case[] }>;
type File = Readonly<{ testGroups: readonly Group[] }>;

/** "Valid" ones that we refuse. None of them is a token that an issuer of RFC 9068 tokens would make. */
const stricter: readonly Readonly<{ tcIds: readonly number[]; at: Decision; why: string }>[] = [
  {
    tcIds: [1, 348, 352, 357, 358, 359, 376, 377],
    at: 'key',
    why: 'HS256: whoever could check it could also make it (docs/trust-model.md)',
  },
  {
    tcIds: [259, 264, 268, 272, 320, 325],
    at: 'grammar',
    why: 'an empty payload: a token without claims says nothing',
  },
  {
    tcIds: [346, 350],
    at: 'algorithm',
    why: 'signed with PS384 under a key whose alg is PS256: one key, one algorithm',
  },
  { tcIds: [347, 351], at: 'key', why: 'the key says ES521, which is no algorithm (it means ES512)' },
  { tcIds: [372, 373], at: 'grammar', why: 'characters outside of the alphabet, which RFC 4648 §3.3 has refused' },
];

/** What `jose` alone accepts, and we must not. */
const laxElsewhere: readonly Readonly<{ tcId: number; at: Decision }>[] = [
  { tcId: 353, at: 'key' }, // use: enc
  { tcId: 354, at: 'key' },
  { tcId: 360, at: 'grammar' },
  { tcId: 365, at: 'grammar' },
  // These two lost the padding that they are named after: they are tc357 to the letter, and refused as HS256.
  { tcId: 367, at: 'key' },
  { tcId: 370, at: 'key' },
  { tcId: 368, at: 'grammar' },
  { tcId: 375, at: 'grammar' },
];

const absent = !hasVectors('wycheproof');
const groups = absent ? [] : (readVectors('wycheproof/json_web_signature_test.json') as File).testGroups;
const decided = new Map<number, Decision>();
for (const group of groups)
  for (const { tcId, jws } of group.tests)
    decided.set(tcId, await decide(jws, publicHalf(group.public ?? group.private)));
const cases = groups.flatMap(({ tests }) => tests);
const acceptedOf = (result: Case['result']) =>
  cases.filter((one) => one.result === result && decided.get(one.tcId) === 'accepted').map(({ tcId }) => tcId);

// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent)('Wycheproof JWS: none of the 401 is decided laxer than the vector says', () => {
  expect(cases.length).toBe(401);
  expect(acceptedOf('invalid')).toEqual([]);
});

// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent)('Wycheproof JWS: every valid one is accepted, but for the exceptions that are named here', () => {
  const refused = cases.filter(({ tcId, result }) => result === 'valid' && decided.get(tcId) !== 'accepted');
  expect(new Map(refused.map(({ tcId }) => [tcId, decided.get(tcId)]))).toEqual(
    new Map(
      stricter.flatMap(({ tcIds, at }) => tcIds.map((tcId) => [tcId, at] as const)).toSorted(([a], [b]) => a - b),
    ),
  );
  expect(acceptedOf('valid').length).toBe(26);
});

// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent).each(stricter)('stricter than Wycheproof JWS at $tcIds, refused by $at: $why', ({ tcIds, at }) => {
  expect(tcIds.map((tcId) => decided.get(tcId))).toEqual(tcIds.map(() => at));
});

// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent).each(laxElsewhere)(
  'Wycheproof JWS tc$tcId, which jose alone accepts, is refused by $at',
  ({ tcId, at }) => {
    expect(cases.find((one) => one.tcId === tcId)?.result).toBe('invalid');
    expect(decided.get(tcId)).toBe(at);
  },
);

// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent)(
  'a key for encryption is refused for its use or key_ops, and not for what else it lacks',
  async () => {
    const unfit = groups.filter(
      ({ public: key }) => key?.['use'] === 'enc' || key?.['key_ops']?.toString() === 'encrypt',
    );
    expect(unfit.length).toBe(4);
    for (const { public: key = {}, tests } of unfit) {
      const [{ jws } = { jws: '' }] = tests;
      const alg = key['kty'] === 'RSA' ? 'RS256' : 'ES256';
      expect(await decide(jws, { ...key, alg })).toBe('key');
      const { use: _use, key_ops: _operations, ...rest } = key;
      expect(await decide(jws, { ...rest, alg })).toBe('accepted');
    }
  },
);

// Skipped where SALLYPORT_VECTORS_DIR has no wycheproof folder.
test.skipIf(absent)('Wycheproof JWE: all 139 are refused before any key is looked for (JWT-04, JWT-07)', () => {
  const encrypted = (readVectors('wycheproof/json_web_encryption_test.json') as File).testGroups.flatMap(
    ({ tests }) => tests,
  );
  expect(encrypted.length).toBe(139);
  const kinds = encrypted.map(({ tcId, jwe }) => [tcId, readAuthorization([`Bearer ${jwe}`]).kind] as const);
  // Those without any header say nothing of themselves; no gate takes them where no issuer has opaque tokens.
  const opaque = kinds.filter(([, kind]) => kind === 'opaque').map(([tcId]) => tcId);
  expect(opaque).toEqual([20, 21, 49, 50]);
  expect(kinds.filter(([, kind]) => kind === 'refused').length).toBe(139 - opaque.length);
  for (const { jwe: text } of encrypted) {
    // Cut to three parts, it is stopped by its header.
    const three = text.split('.').slice(0, 3).join('.');
    expect(!isCanonicalCompactJws(three) || 'outcome' in readHeader(three)).toBe(true);
  }
});
