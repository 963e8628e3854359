import { hash, parseOptions } from '@node-rs/argon2';
import { expect, test } from 'vitest';
import { newPassword, openPasswords } from './passwords.ts';

const keyEncryptionKey = new Uint8Array(32);
const passwords = await openPasswords({ keyEncryptionKey });

test('a password is hashed with argon2id, 19 MiB, two passes, one lane, 128 bits of salt, and parameters beside it (NST-04)', async () => {
  const stored = await passwords.hash('correct horse');
  expect(stored).toMatch(/^k1\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  const made = { memoryCost: 19_456, timeCost: 2, parallelism: 1, saltLen: 16, outputLen: 32 };
  expect(parseOptions(stored.slice(2))).toMatchObject(made);
  expect(await passwords.hash('correct horse')).not.toBe(stored);
});

test('a hash says nothing to whoever has the database and not the key (NST-04)', async () => {
  const stored = await passwords.hash('correct horse');
  const other = await openPasswords({ keyEncryptionKey: new Uint8Array(32).fill(1) });
  expect(await passwords.matches('correct horse', stored)).toBe(true);
  expect(await other.matches('correct horse', stored)).toBe(false);
});

test('a hash of before the key is taken once more, and known to be outdated; so is a cheaper one (NST-04)', async () => {
  const unkeyed = await hash('correct horse', { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  expect(await passwords.matches('correct horse', unkeyed)).toBe(true);
  expect(await passwords.matches('correct house', unkeyed)).toBe(false);
  expect(passwords.isOutdated(unkeyed)).toBe(true);
  expect(passwords.isOutdated(`k1${await hash('x', { memoryCost: 9728, timeCost: 2 })}`)).toBe(true);
  expect(passwords.isOutdated(await passwords.hash('correct horse'))).toBe(false);
});

test('the same letters typed another way are the same password; other letters are not (NST-01)', async () => {
  const stored = await passwords.hash('Zo\u00eb\u2019s \ufb01sh \u{1f41f}');
  expect(await passwords.matches('Zoe\u0308\u2019s fish \u{1f41f}', stored)).toBe(true);
  expect(await passwords.matches('Zoe\u2019s fish \u{1f41f}', stored)).toBe(false);
});

test('nothing is cut off: long passwords that differ at their end differ, beyond 72 bytes and behind NUL too (NST-01)', async () => {
  const long = 'x'.repeat(255);
  const stored = await passwords.hash(`${long}a`);
  expect(await passwords.matches(`${long}b`, stored)).toBe(false);
  expect(await passwords.matches(`${long}a`, stored)).toBe(true);
  expect(await passwords.matches('a\u0000b-password', await passwords.hash('a\u0000c-password'))).toBe(false);
});

test('nobody has no password, whatever is tried', async () => {
  expect(await passwords.matches('', undefined)).toBe(false);
  expect(await passwords.matches('', null)).toBe(false);
});

test.each([
  ['7', 'a'.repeat(7), false],
  ['8', 'a'.repeat(8), false],
  ['14', 'a'.repeat(14), false],
  ['15', 'a'.repeat(15), true],
  ['15 code points of two units', '\u{1f41f}'.repeat(15), true],
  ['14 code points of two units', '\u{1f41f}'.repeat(14), false],
  ['64', 'a'.repeat(64), true],
  ['256', 'a'.repeat(256), true],
  ['257', 'a'.repeat(257), false],
  ['1024', 'a'.repeat(1024), false],
  ['any script, with spaces,', ' пароль с пробелами ', true],
  ['no capital, no digit, no sign', 'only small letters here', true],
])(
  'a new password of %s characters is judged by its length alone, and by no rule of composition (NST-01, NST-02)',
  (_, password, isGood) => {
    expect(newPassword.safeParse(password).success).toBe(isGood);
  },
);
