import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { exportJWK } from 'jose';
import { expect, test } from 'vitest';
import { isCanonicalCompactJws } from './bearer-token.ts';
import { writeDerSignature } from './der-signature.ts';
import { signatureCheck } from './signature-check.ts';
import { readKeySet } from './verification-keys.ts';

/** An INTEGER of X.690 §8.3, by way of the number that it is. */
function integer(bytes: Uint8Array): string {
  const digits = BigInt(`0x${Buffer.from(bytes).toString('hex')}`).toString(16);
  const even = digits.padStart(digits.length + (digits.length % 2), '0');
  const content = Number.parseInt(even.slice(0, 2), 16) > 0x7f ? `00${even}` : even;
  return `02${(content.length / 2).toString(16).padStart(2, '0')}${content}`;
}

function derOf(signature: Uint8Array): string {
  const both = integer(signature.subarray(0, 32)) + integer(signature.subarray(32));
  return `30${(both.length / 2).toString(16).padStart(2, '0')}${both}`;
}

const filled = (byte: number) => fc.constant(new Uint8Array(32).fill(byte));
/** Zeros, and then what is or would not be negative. */
const withZeros = fc
  .tuple(fc.nat(32), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([zeros, bytes]) => new Uint8Array(32).map((_, at) => (at < zeros ? 0 : (bytes[at] ?? 0))));
const number = fc.oneof(withZeros, filled(0), filled(0x7f), filled(0x80), filled(0xff));
const anySignature = fc.tuple(number, number).map(([r, s]) => Buffer.concat([r, s]));

test('r and s are written as the numbers that they are, whatever was written there before', () => {
  const into = new Uint8Array(72);
  fc.assert(
    fc.property(anySignature, (signature) => {
      const length = writeDerSignature(signature, into);
      expect(Buffer.from(into.subarray(0, length)).toString('hex')).toBe(derOf(signature));
    }),
    { numRuns: 2000 },
  );
});

test('a signature is decided as by Node that is told to read r and s: good ones, their twins, and any other bytes', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'key-1' };
  const key = (await readKeySet({ keys: [jwk] }, ['ES256'])).get('key-1');
  const holds = key && signatureCheck(key);
  if (holds === undefined) throw new Error('no check');
  const how = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const decide = (input: string, signature: Uint8Array): boolean => {
    const text = `${input}.${Buffer.from(signature).toString('base64url')}`;
    if (!isCanonicalCompactJws(text)) throw new Error('not a token');
    const decision = holds(text);
    expect(decision).toBe(verify('sha256', Buffer.from(input), how, signature));
    return decision;
  };

  // One number in 256 begins with a zero.
  for (let turn = 0, shorter = 0; turn < 300 || shorter < 2; turn += 1) {
    const input = `AAAA.${Buffer.from(`{"jti":"${turn}"}--`).toString('base64url')}`;
    const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(decide(input, signature)).toBe(true);
    if (signature[0] === 0 || signature[32] === 0) shorter += 1;
  }

  const input = 'AAAA.AAAA';
  const good = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const [r, s] = [good.subarray(0, 32), good.subarray(32)].map((half) => BigInt(`0x${half.toString('hex')}`));
  const both = (...halves: readonly (bigint | undefined)[]) =>
    Buffer.from(halves.map((half = 0n) => half.toString(16).padStart(64, '0')).join(''), 'hex');
  expect(decide(input, both(r, order - (s ?? 0n)))).toBe(true);
  for (const [one, other] of [
    [r, 0n],
    [0n, s],
    [order, s],
    [r, order],
    [order + 1n, s],
    [(1n << 256n) - 1n, s],
    [s, r],
  ])
    expect(decide(input, both(one, other))).toBe(false);
  const lengths = fc.uint8Array({ minLength: 1, maxLength: 140 });
  fc.assert(fc.property(fc.oneof(anySignature, lengths), (bytes) => void decide(input, bytes)));
  // The same numbers, spelled longer: the text of a token must not have two spellings.
  const zero = new Uint8Array(1);
  expect(decide(input, Buffer.concat([zero, good.subarray(0, 32), zero, good.subarray(32)]))).toBe(false);
  for (const length of [1, 32, 62, 63, 65, 66, 128])
    expect(decide(input, Buffer.concat([good, good]).subarray(0, length))).toBe(false);
});
