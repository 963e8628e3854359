import fc from 'fast-check';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { expect, test } from 'vitest';
import type { SigningAlgorithm } from './key-material.ts';
import { countEpochs, readKeySet, type VerificationKey } from './verification-keys.ts';

async function publicKey(algorithm: SigningAlgorithm, kid = 'k'): Promise<JWK> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(pair.publicKey)), kid, alg: algorithm };
}

const ec = await publicKey('ES256');
const rsa = await publicKey('RS256');
const okp = await publicKey('EdDSA');

async function read(jwk: unknown, algorithms: readonly SigningAlgorithm[] = ['ES256', 'RS256', 'EdDSA']) {
  const keys = await readKeySet({ keys: [jwk] }, algorithms).catch(() => new Map<string, VerificationKey>());
  return keys.get('k');
}

test.each<SigningAlgorithm>([
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
])('an %s key is read for an issuer that is pinned to it, and for no other', async (algorithm) => {
  const jwk = await publicKey(algorithm);
  const key = await read(jwk, [algorithm]);
  expect(key).toMatchObject({ keyId: 'k', algorithm });
  expect(key?.key.usages).toEqual(['verify']);
  expect(await read(jwk, algorithm === 'ES256' ? ['RS256'] : ['ES256'])).toBeUndefined();
});

test('a key says which algorithm is its own: without alg, or with one of another type of key, it is left out (JWT-02)', async () => {
  expect(await read(ec)).toBeDefined();
  for (const alg of [undefined, null, '', 'es256', 'ES384', 'RS256', 'EdDSA', 'HS256', 'none', ['ES256']])
    expect(await read({ ...ec, alg })).toBeUndefined();
  expect(await read({ ...rsa, alg: 'ES256' })).toBeUndefined();
  expect(await read({ ...okp, alg: 'RS256' })).toBeUndefined();
});

const bytes = (text = '') => Buffer.from(text, 'base64url');
const encode = (value: Uint8Array | bigint) =>
  Buffer.from(typeof value === 'bigint' ? hexOf(value) : Buffer.from(value).toString('hex'), 'hex').toString(
    'base64url',
  );

function hexOf(value: bigint): string {
  const hex = value.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

/** An encoded Ed25519 point: y, little-endian, and the sign of x. */
const point = (y: bigint, sign = 0n) =>
  encode(Buffer.from(((sign << 255n) | y).toString(16).padStart(64, '0'), 'hex').toReversed());
const prime = 2n ** 255n - 19n;
const orderEight = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

const ones = (bits: number) => encode((1n << BigInt(bits)) - 1n);

test.each<[string, object]>([
  ['for encryption', { ...ec, use: 'enc' }],
  ['with an unknown use', { ...ec, use: 'SIG' }],
  ['for signing', { ...ec, key_ops: ['sign'] }],
  ['for checking and something else', { ...ec, key_ops: ['verify', 'encrypt'] }],
  ['for checking twice', { ...ec, key_ops: ['verify', 'verify'] }],
  ['for nothing', { ...ec, key_ops: [] }],
  ['whose key_ops are a text', { ...ec, key_ops: 'verify' }],
  ['without kid', { ...ec, kid: undefined }],
  ['whose kid is a path', { ...ec, kid: '../k' }],
  ['on another curve (JWT-05)', { ...ec, crv: 'P-384' }],
  ['of another curve under our name (JWT-05)', { ...(await publicKey('ES384')), alg: 'ES256', crv: 'P-256' }],
  ['whose point is not on the curve (JWT-05)', { ...ec, x: ec.y, y: ec.x }],
  ['whose point is zero (JWT-05)', { ...ec, x: encode(new Uint8Array(32)), y: encode(new Uint8Array(32)) }],
  ['without y', { ...ec, y: undefined }],
  ['whose x is padded', { ...ec, x: `${ec.x}=` }],
  ['whose x has bits to spare', { ...ec, x: `${ec.x?.slice(0, -1)}${ec.x?.endsWith('A') ? 'B' : 'A'}` }],
  ['whose x is a byte short', { ...ec, x: encode(bytes(ec.x).subarray(1)) }],
  ['whose x is a byte long', { ...ec, x: encode(Buffer.concat([Buffer.alloc(1), bytes(ec.x)])) }],
  ['of RSA, 1024 bits', { ...rsa, n: ones(1024) }],
  ['of RSA, 2047 bits', { ...rsa, n: ones(2047) }],
  ['of RSA, 8200 bits', { ...rsa, n: ones(8200) }],
  [
    'of RSA with an even modulus',
    { ...rsa, n: encode(Buffer.concat([bytes(rsa.n).subarray(0, -1), Buffer.from([2])])) },
  ],
  ['of RSA with a zero before the modulus', { ...rsa, n: encode(Buffer.concat([Buffer.alloc(1), bytes(rsa.n)])) }],
  ['of RSA with exponent 1, under which anything is signed', { ...rsa, e: 'AQ' }],
  ['of RSA with exponent 0', { ...rsa, e: 'AA' }],
  ['of RSA with exponent 3', { ...rsa, e: 'Aw' }],
  ['of RSA with an even exponent', { ...rsa, e: encode(65_538n) }],
  ['of RSA with an exponent of five bytes', { ...rsa, e: encode(2n ** 32n + 1n) }],
  ['of RSA without exponent', { ...rsa, e: undefined }],
  ['of Ed25519, the neutral element', { ...okp, x: point(1n) }],
  ['of Ed25519, order two', { ...okp, x: point(prime - 1n) }],
  ['of Ed25519, order four', { ...okp, x: point(0n) }],
  ['of Ed25519, order four, the other', { ...okp, x: point(0n, 1n) }],
  ['of Ed25519, order eight', { ...okp, x: point(orderEight) }],
  ['of Ed25519, order eight, another', { ...okp, x: point(prime - orderEight, 1n) }],
  ['of Ed25519, y beyond the prime', { ...okp, x: point(prime + 3n) }],
  ['of Ed25519, a y of no point', { ...okp, x: point(2n) }],
  ['of Ed448', { ...okp, crv: 'Ed448' }],
])('a key %s is left out (JWK-04)', async (_name, jwk) => {
  expect(await read(jwk)).toBeUndefined();
});

test('every Ed25519 key that is made is read', async () => {
  const basePoint = BigInt(`0x${'66'.repeat(31)}58`);
  expect(await read({ ...okp, x: point(basePoint) })).toBeDefined();
  for (let made = 0; made < 50; made += 1) expect(await read(await publicKey('EdDSA'))).toBeDefined();
});

test.each<[string, object]>([
  ['a private key', { ...ec, d: 'AA' }],
  ['a private key for somebody else', { kty: 'RSA', kid: 'other', d: 'AA' }],
  ['a private key of another kind', { kty: 'AKP', priv: 'AA' }],
  ['a symmetric key', { kty: 'oct', k: 'AA' }],
  ['a symmetric key without its value', { kty: 'oct', kid: 'other' }],
  ['a kid that is there already', { ...okp, kid: 'k' }],
])('a set with %s is refused whole (JWK-01, JWK-02)', async (_name, jwk) => {
  await expect(readKeySet({ keys: [ec, { ...rsa, kid: 'r' }] }, ['ES256'])).resolves.toHaveProperty('size', 1);
  await expect(readKeySet({ keys: [ec, jwk] }, ['ES256'])).rejects.toThrow(/private|repeated/);
});

test('an epoch ends exactly when a key is gone or is another', async () => {
  const material = await Promise.all(['1', '2', '3'].map(() => publicKey('ES256')));
  const made = fc.array(
    fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat({ max: 2 })), {
      selector: ([kid]) => kid,
      minLength: 1,
    }),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(made, async (sets) => {
      const epochOf = countEpochs();
      let before: ReadonlyMap<string, number> = new Map();
      let expected = 0;
      for (const set of sets) {
        const now = new Map<string, number>(set);
        if (Array.from(before).some(([kid, which]) => now.get(kid) !== which)) expected += 1;
        before = now;
        const jwks = set.map(([kid, which]) => ({ ...material[which], kid }));
        expect(epochOf((await readKeySet({ keys: jwks }, ['ES256'])).values())).toBe(expected);
      }
    }),
    { numRuns: 50 },
  );
});
