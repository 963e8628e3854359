import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { codeAt, enrolmentUri, newSeed, seedFromBase32, seedToBase32, stepOfCode } from './totp.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const vectors = resolve(root, process.env['SALLYPORT_VECTORS_DIR'] ?? '../shared/vectors', 'rfc/rfc6238_rfc4226.json');
const vectorFile = z.object({
  seedsAscii: z.object({ SHA1: z.string() }),
  tests: z.array(z.object({ alg: z.string(), time: z.number(), totp: z.string() })),
});

test.skipIf(!existsSync(vectors))(
  'RFC 6238 appendix B holds (skipped where SALLYPORT_VECTORS_DIR has no rfc folder)',
  () => {
    const { seedsAscii, tests } = vectorFile.parse(JSON.parse(readFileSync(vectors, 'utf8')));
    const seed = Buffer.from(seedsAscii.SHA1);
    const sha1 = tests.filter(({ alg }) => alg === 'SHA1');
    expect(sha1.length).toBeGreaterThanOrEqual(6);
    for (const { time, totp } of sha1) {
      // The RFC prints eight digits; six are the same number modulo 10⁶.
      expect(codeAt(seed, time * 1000)).toBe(totp.slice(-6));
      expect(stepOfCode(seed, totp.slice(-6), time * 1000)).toBe(Math.floor(time / 30));
    }
  },
);

test('the code of this step and of the one before are accepted, and no others (OTP-02)', () => {
  const seed = newSeed();
  const now = 1_800_000_010_000;
  const step = now / 30_000;
  const accepted = [-2, -1, 0, 1, 2].map((offset) => stepOfCode(seed, codeAt(seed, now + offset * 30_000), now));
  expect(accepted).toEqual([undefined, Math.floor(step) - 1, Math.floor(step), undefined, undefined]);
});

test('steps are counted beyond 32 bits: RFC 6238 appendix B of the year 2603 (OTP-03)', () => {
  const seed = Buffer.from('12345678901234567890');
  for (const [time, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [20_000_000_000, '353130'],
  ] as const) {
    expect(codeAt(seed, time * 1000)).toBe(code);
    expect(stepOfCode(seed, code, time * 1000)).toBe(Math.floor(time / 30));
  }
});

test('a code is six digits and nothing else', () => {
  const seed = newSeed();
  for (const text of ['', '12345', '1234567', ' 23456', '12345a', '１２３４５６'])
    expect(stepOfCode(seed, text, Date.now())).toBeUndefined();
});

test('a seed has 160 bits, the length of the HMAC (OTP-04), and travels as base32 in the address that apps read', () => {
  const seed = newSeed();
  expect(seed).toHaveLength(20);
  expect(Buffer.from(seedFromBase32(seedToBase32(seed)))).toEqual(Buffer.from(seed));
  const uri = new URL(enrolmentUri(seed, 'ada@sallyport.example'));
  expect(uri.protocol).toBe('otpauth:');
  expect(Object.fromEntries(uri.searchParams)).toMatchObject({
    secret: seedToBase32(seed),
    issuer: 'Sallyport',
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
});
