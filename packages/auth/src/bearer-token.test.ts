import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCanonicalCompactJws, readAuthorization } from './bearer-token.ts';
import { testAuthority } from './testing.ts';

const authority = await testAuthority();
const token = await authority.userToken({ audience: 'catalog', scope: 'catalog:read' });

test('one well-formed Authorization header gives its token, whatever the case of the scheme', () => {
  expect(readAuthorization([`Bearer ${token}`])).toEqual({ kind: 'token', token, scheme: 'Bearer' });
  expect(readAuthorization([`bEaReR ${token}`])).toEqual({ kind: 'token', token, scheme: 'Bearer' });
  expect(readAuthorization([`DPoP ${token}`])).toEqual({ kind: 'token', token, scheme: 'DPoP' });
  expect(readAuthorization([`dpop ${token}`])).toEqual({ kind: 'token', token, scheme: 'DPoP' });
  expect(readAuthorization([])).toEqual({ kind: 'none' });
});

test.each([
  ['two headers', [`Bearer ${token}`, `Bearer ${token}`], 'authorization_repeated'],
  ['another scheme', [`Basic ${token}`], 'authorization_malformed'],
  ['no scheme', [token], 'authorization_malformed'],
  ['two spaces', [`Bearer  ${token}`], 'token_malformed'],
  ['two tokens joined by a comma', [`Bearer ${token}, Bearer ${token}`], 'token_malformed'],
  ['trailing space', [`Bearer ${token} `], 'token_malformed'],
  ['over 8 kB', [`Bearer ${'a'.repeat(8193)}`], 'token_too_long'],
  ['empty', [''], 'authorization_malformed'],
])('refuses %s', (_name, values, reason) => {
  expect(readAuthorization(values)).toEqual({ kind: 'refused', reason });
});

test('one token has one spelling: every other spelling of the same bytes is refused', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const sameBytes = (text: string) =>
    Buffer.from(text.split('.')[2] ?? '', 'base64url').equals(Buffer.from(token.split('.')[2] ?? '', 'base64url'));
  const spellings = alphabet
    .split('')
    .map((last) => token.slice(0, -1) + last)
    .filter(sameBytes);
  expect(spellings.length).toBe(16);
  expect(spellings.filter(isCanonicalCompactJws)).toEqual([token]);
  for (const other of [
    `${token}=`,
    `${token}==`,
    `${token}\n`,
    ` ${token}`,
    token.replace('.', '. '),
    `${token}.`,
    `.${token}`,
  ]) {
    expect(isCanonicalCompactJws(other)).toBe(false);
  }
});

test('what is accepted is exactly what re-encoding gives back', () => {
  const part = fc.string({
    unit: fc.constantFrom('A', 'B', 'Z', 'a', 'z', '0', '9', '-', '_', '=', '+', '/', ' ', '.'),
    minLength: 0,
    maxLength: 6,
  });
  fc.assert(
    fc.property(part, part, part, (a, b, c) => {
      const reencoded = [a, b, c].map((text) => Buffer.from(text, 'base64url').toString('base64url'));
      const canonical = [a, b, c].every((text, index) => text !== '' && text === reencoded[index]);
      expect(isCanonicalCompactJws(`${a}.${b}.${c}`)).toBe(canonical);
    }),
    { numRuns: 2000 },
  );
});
