import { expect, test } from 'vitest';
import { blockedBecause } from './password-blocklist.ts';

const email = 'ada.lovelace@engines.example';

test.each([
  ['passwordpassword', 'too_common'],
  ['PasswordPassword', 'too_common'],
  ['\uff50asswordpassword', 'too_common'],
  ['1qaz2wsx3edc4rfv', 'too_common'],
  ['!!password2024!!', 'too_common'],
  ['qwerty 123456789', 'too_common'],
  ['aaaaaaaaaaaaaaaa', 'too_regular'],
  ['abcabcabcabcabcab', 'too_regular'],
  ['123456789012345', 'too_regular'],
  ['987654321098765', 'too_regular'],
  ['abcdefghijklmnop', 'too_regular'],
  ['dragonslayer1dragonslayer1', undefined],
  ['ada.lovelace@engines.example', 'names_you_or_us'],
  ['AdaLovelace2026!', undefined],
  ['lovelace.engines', 'names_you_or_us'],
  ['Sallyport-2026!', 'names_you_or_us'],
  ['SallyportSallyport', 'names_you_or_us'],
  ['correct horse battery staple', undefined],
  ['my password is quite long', undefined],
  ['пароль с пробелами', undefined],
  [
    '\u{1f41f}\u{1f980}\u{1f41f}\u{1f419}\u{1f40b}\u{1f988}\u{1f420}\u{1f421}\u{1f990}\u{1f991}\u{1f99e}\u{1f9aa}\u{1f41a}\u{1f433}\u{1f42c}',
    undefined,
  ],
])('%s is blocked for a reason, or not at all: %s (NST-03)', (password, reason) => {
  expect(blockedBecause(password, email)).toBe(reason);
});

test('an account without an e-mail has its password checked all the same (NST-03)', () => {
  expect(blockedBecause('passwordpassword', undefined)).toBe('too_common');
  expect(blockedBecause('lovelace.engines', undefined)).toBeUndefined();
});
