import fc from 'fast-check';
import { base64url, exportJWK, generateKeyPair } from 'jose';
import { expect, test } from 'vitest';
import type { DenialReason } from './denial.ts';
import { proofNonces, proofReplaysInMemory, proofVerifier } from './index.ts';
import { heldClock, testSender, type ProofParts } from './testing.ts';

const clock = heldClock();
const sender = await testSender(clock);
const other = await testSender(clock);
const text = 'the.access.token';
const method = 'POST';
const url = 'https://payments.example/trpc/pay';
const token = { text, keyThumbprint: sender.keyThumbprint };
const expected = { method, url, token };
const good: ProofParts = { method, url, token: text };
const prove = (parts: Partial<ProofParts> = {}) => sender.prove({ ...good, ...parts });

const full = (json: object) => base64url.encode(JSON.stringify(json));
const parts = async () => (await prove()).split('.');
const privateJwk = await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey);

/** Each of the checks of RFC 9449 §4.3, by its number there, broken in two ways or more. */
const broken: readonly (readonly [string, () => Promise<readonly string[]>, DenialReason])[] = [
  ['1: no header', async () => [], 'proof_missing'],
  ['1: two headers', async () => [await prove(), await prove()], 'proof_repeated'],
  ['2: two proofs in one header', async () => [`${await prove()}, ${await prove()}`], 'proof_malformed'],
  ['2: not three parts', async () => [(await prove()).split('.').slice(0, 2).join('.')], 'proof_malformed'],
  ['2: another spelling', async () => [`${await prove()}=`], 'proof_malformed'],
  ['2: a header that is no JSON', async () => [`AAAA.${(await parts()).slice(1).join('.')}`], 'proof_malformed'],
  ['2: longer than any proof', async () => [await prove({ nonce: 'n'.repeat(4096) })], 'proof_malformed'],
  ['2: a header that must be understood', async () => [await prove({ header: { kid: 'k' } })], 'proof_malformed'],
  ['3: no jti', async () => [await prove({ claims: { jti: undefined } })], 'proof_claims'],
  ['3: no htm', async () => [await prove({ claims: { htm: undefined } })], 'proof_claims'],
  ['3: no htu', async () => [await prove({ claims: { htu: undefined } })], 'proof_claims'],
  ['3: no iat', async () => [await prove({ claims: { iat: undefined } })], 'proof_claims'],
  ['3: iat as text', async () => [await prove({ claims: { iat: String(clock.epochSeconds()) } })], 'proof_claims'],
  ['3: a nonce that is no text', async () => [await prove({ claims: { nonce: 7 } })], 'proof_claims'],
  ['4: no typ', async () => [await prove({ header: { typ: undefined } })], 'proof_type'],
  ['4: the typ of another JWT', async () => [await prove({ header: { typ: 'at+jwt' } })], 'proof_type'],
  [
    '5: alg none',
    async () => [`${full({ alg: 'none', typ: 'dpop+jwt', jwk: sender.jwk })}.${(await parts()).slice(1).join('.')}`],
    'proof_algorithm',
  ],
  [
    '5: a symmetric alg',
    async () => [`${full({ alg: 'HS256', typ: 'dpop+jwt', jwk: sender.jwk })}.${(await parts()).slice(1).join('.')}`],
    'proof_algorithm',
  ],
  [
    '6: signed with another key',
    async () => [await other.prove({ ...good, header: { jwk: sender.jwk } })],
    'proof_signature',
  ],
  [
    '6: claims changed afterwards',
    async () => [(await parts()).with(1, full({ jti: 'another' })).join('.')],
    'proof_signature',
  ],
  [
    '6: no point on the curve',
    async () => [await prove({ header: { jwk: { ...sender.jwk, y: sender.jwk.x } } })],
    'proof_signature',
  ],
  ['7: a private key', async () => [await prove({ header: { jwk: privateJwk } })], 'proof_key'],
  ['7: a symmetric key', async () => [await prove({ header: { jwk: { kty: 'oct', k: 'AAAA' } } })], 'proof_key'],
  [
    '7: a key of another curve',
    async () => [await prove({ header: { jwk: { ...sender.jwk, crv: 'P-384' } } })],
    'proof_key',
  ],
  ['7: no key', async () => [await prove({ header: { jwk: undefined } })], 'proof_key'],
  ['8: another method', async () => [await prove({ method: 'GET' })], 'proof_method'],
  ['8: the method in small letters', async () => [await prove({ method: 'post' })], 'proof_method'],
  ['9: another path', async () => [await prove({ url: 'https://payments.example/trpc/refund' })], 'proof_url'],
  ['9: another host', async () => [await prove({ url: 'https://evil.example/trpc/pay' })], 'proof_url'],
  ['9: another scheme', async () => [await prove({ url: 'http://payments.example/trpc/pay' })], 'proof_url'],
  [
    '9: credentials in the address',
    async () => [await prove({ url: 'https://ada@payments.example/trpc/pay' })],
    'proof_url',
  ],
  ['9: no address', async () => [await prove({ url: '/trpc/pay' })], 'proof_url'],
  ['10: a nonce that nobody gave out', async () => [await prove({ nonce: 'made-up' })], 'proof_nonce'],
  [
    '10: a nonce that another server gave out',
    async () => [await prove({ nonce: await proofNonces({ clock }).current() })],
    'proof_nonce',
  ],
  [
    '11: a minute and a second old',
    async () => [await prove({ claims: { iat: clock.epochSeconds() - 61 } })],
    'proof_nonce',
  ],
  ['11: from the future', async () => [await prove({ claims: { iat: clock.epochSeconds() + 11 } })], 'proof_nonce'],
  ['12: no ath', async () => [await prove({ claims: { ath: undefined } })], 'proof_token'],
  ['12: for another token', async () => [await prove({ token: 'another.access.token' })], 'proof_token'],
  ['12: by a key that the token is not bound to', async () => [await other.prove(good)], 'proof_key_other'],
];

test.each(broken)('a proof is refused where it breaks check %s (DPP-01)', async (_name, values, reason) => {
  const proofs = proofVerifier({ clock });
  expect(await proofs.verify(await values(), expected)).toMatchObject({ outcome: 'refused', reason });
  // The very same verifier takes a good one.
  expect(await proofs.verify([await prove()], expected)).toMatchObject({ outcome: 'proven' });
});

test.each(['ES256', 'Ed25519'] as const)(
  'a good proof by %s is taken, and names its key (DPP-01)',
  async (algorithm) => {
    const { prove: sign, keyThumbprint } = await testSender(clock, algorithm);
    const proofs = proofVerifier({ clock });
    expect(await proofs.verify([await sign({ method, url })], { method, url })).toEqual({
      outcome: 'proven',
      keyThumbprint,
    });
    const forToken = { method, url, token: { text, keyThumbprint } };
    expect(await proofs.verify([await sign(good)], forToken)).toEqual({ outcome: 'proven', keyThumbprint });
  },
);

test('addresses are compared after normalization, without query and fragment (DPP-01)', async () => {
  const proofs = proofVerifier({ clock });
  for (const same of [
    `${url}?input=1#there`,
    'HTTPS://Payments.Example:443/trpc/pay',
    'https://payments.example/trpc/./x/../p%61y',
  ]) {
    expect(await proofs.verify([await prove({ url: same })], expected)).toMatchObject({ outcome: 'proven' });
  }
});

test('a proof is good once (DPP-03)', async () => {
  const proofs = proofVerifier({ clock });
  const proof = await prove();
  const answers = await Promise.all(Array.from({ length: 16 }, () => proofs.verify([proof], expected)));
  expect(answers.filter(({ outcome }) => outcome === 'proven')).toHaveLength(1);
  expect(answers.filter((answer) => answer.outcome === 'refused' && answer.reason === 'proof_replayed')).toHaveLength(
    15,
  );
  // What is remembered is the key with its jti: another key may have drawn the same one.
  const drawnByBoth = { method, url, claims: { jti: 'the-same' } };
  for (const { prove: sign } of [sender, other])
    expect(await proofs.verify([await sign(drawnByBoth)], { method, url })).toMatchObject({ outcome: 'proven' });
});

test('instances that share what they remember know of each other’s proofs (DPP-03)', async () => {
  const replays = proofReplaysInMemory({ clock });
  const [one, two] = [proofVerifier({ clock, replays }), proofVerifier({ clock, replays })];
  const proof = await prove();
  expect(await one.verify([proof], expected)).toMatchObject({ outcome: 'proven' });
  expect(await two.verify([proof], expected)).toEqual({ outcome: 'refused', reason: 'proof_replayed' });
});

/** Age when it is shown first, and seconds until it is shown again: just before and just after it is no longer good. */
const lastMoments = [-10, 0, 10].flatMap((age): [boolean, number, number][] => [
  [false, age, 60 - age],
  [false, age, 61 - age],
]);

test('a proof is remembered for as long as it would be taken, however it shows its age (DPP-03)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.integer({ min: -10, max: 60 }),
      fc.integer({ min: 0, max: 240 }),
      async (withNonce, age, later) => {
        const time = heldClock();
        const nonces = proofNonces({ clock: time });
        const proofs = proofVerifier({ clock: time, nonces, replays: proofReplaysInMemory({ clock: time }) });
        const nonce = withNonce ? await nonces.current() : undefined;
        const proof = await prove({ ...(nonce && { nonce }), claims: { iat: time.epochSeconds() - age } });
        expect(await proofs.verify([proof], expected)).toMatchObject({ outcome: 'proven' });
        time.advance(later);
        expect((await proofs.verify([proof], expected)).outcome).toBe('refused');
      },
    ),
    { numRuns: 200, examples: lastMoments },
  );
});

test('nobody can say whether a proof was used: the answer is "unknown", never yes or no', async () => {
  const told: unknown[] = [];
  const replays = { use: () => Promise.reject(new Error('the table is gone')) };
  const proofs = proofVerifier({ clock, replays, onReplaysUnknown: (error) => told.push(error) });
  expect(await proofs.verify([await prove()], expected)).toEqual({
    outcome: 'unknown',
    reason: 'proof_replays_unknown',
  });
  expect(told).toHaveLength(1);
  const filled = proofVerifier({ clock, replays: proofReplaysInMemory({ clock, maxProofs: 1 }) });
  expect(await filled.verify([await prove()], expected)).toMatchObject({ outcome: 'proven' });
  expect(await filled.verify([await prove()], expected)).toMatchObject({ outcome: 'unknown' });
});

test('a refused proof brings a nonce, and the next one that names it gets in, whatever the sender’s clock says (DPP-05)', async () => {
  for (const nonce of ['always', 'when clocks differ'] as const) {
    const proofs = proofVerifier({ clock, nonce });
    for (const iat of [1, clock.epochSeconds() + 100_000]) {
      const refused = await proofs.verify([await prove({ claims: { iat } })], expected);
      if (refused.outcome !== 'refused' || refused.nonce === undefined) throw new Error('no nonce');
      const again = await prove({ nonce: refused.nonce, claims: { iat } });
      expect(await proofs.verify([again], expected)).toMatchObject({ outcome: 'proven' });
    }
  }
  const proofs = proofVerifier({ clock, nonce: 'always' });
  expect(await proofs.verify([await prove()], expected)).toMatchObject({ reason: 'proof_nonce' });
  expect(await proofs.verify([await prove({ nonce: await proofs.nextNonce() })], expected)).toMatchObject({
    outcome: 'proven',
  });
});

test('a nonce is good for a minute at least and two at most, at every instance that has the secret (DPP-05)', async () => {
  const time = heldClock();
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const [one, two] = [proofNonces({ clock: time, secret }), proofNonces({ clock: time, secret })];
  const nonce = await one.current();
  const until = await two.goodUntil(nonce);
  expect(until).toBe((await one.goodUntil(nonce)) ?? 0);
  expect((until ?? 0) - time.epochSeconds()).toBeGreaterThanOrEqual(60);
  time.advance(120);
  expect(await two.goodUntil(nonce)).toBeUndefined();
  expect(await one.current()).not.toBe(nonce);
  // An instance whose clock is a little ahead gave it out.
  const ahead = proofNonces({ clock: heldClock(time.epochSeconds() + 60), secret });
  expect(await one.goodUntil(await ahead.current())).toBeDefined();
  expect(await proofNonces({ clock: time }).goodUntil(await one.current())).toBeUndefined();
  expect(() => proofNonces({ secret: new Uint8Array(31) })).toThrow('32 bytes');
});
