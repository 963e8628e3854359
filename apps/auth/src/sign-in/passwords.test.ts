import { parseOptions } from '@node-rs/argon2';
import { expect, test } from 'vitest';
import { newPassword, openPasswords } from './passwords.ts';

const passwords = await openPasswords();

test('a password is hashed with argon2id, 19 MiB, two passes, one lane', async () => {
  const hash = await passwords.hash('correct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(parseOptions(hash)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 });
});

test('the same letters typed another way are the same password; other letters are not', async () => {
  const hash = await passwords.hash('Zo\u00eb\u2019s \ufb01sh \u{1f41f}');
  expect(await passwords.matches('Zoe\u0308\u2019s fish \u{1f41f}', hash)).toBe(true);
  expect(await passwords.matches('Zoe\u2019s fish \u{1f41f}', hash)).toBe(false);
});

test('nothing is cut off: long passwords that differ at their end differ', async () => {
  const long = 'x'.repeat(255);
  const hash = await passwords.hash(`${long}a`);
  expect(await passwords.matches(`${long}b`, hash)).toBe(false);
  expect(await passwords.matches('a\u0000b-password', await passwords.hash('a\u0000c-password'))).toBe(false);
});

test('nobody has no password, whatever is tried', async () => {
  expect(await passwords.matches('', undefined)).toBe(false);
});

test.each([
  ['seven characters', 'a'.repeat(7), false],
  ['eight', 'a'.repeat(8), true],
  ['eight code points of two units', '\u{1f41f}'.repeat(8), true],
  ['seven code points of two units', '\u{1f41f}'.repeat(7), false],
  ['256', 'a'.repeat(256), true],
  ['257', 'a'.repeat(257), false],
  ['spaces and any script', ' пароль с пробелами ', true],
])('a new password of %s is judged by its length in code points alone', (_, password, isGood) => {
  expect(newPassword.safeParse(password).success).toBe(isGood);
});
