import { expect, expectTypeOf, test } from 'vitest';
import { readTokenSet, type AccessToken, type RefreshToken } from './token-set.ts';

const answer = (token: string) => ({
  refreshToken: 'r'.repeat(43),
  session: { id: '1.abcdefgh', subject: 'u_ada', authTime: 1, acr: 'aal1' },
  accessTokens: { catalog: { token, expiresInSeconds: 300, scope: 'catalog:read' } },
});

test('an access token is any text to its client, which never looks inside (ATP-11)', () => {
  expect(readTokenSet(answer('no JWT at all')).accessTokens['catalog']?.token).toBe('no JWT at all');
  expect(() => readTokenSet(answer(''))).toThrow('without a usable set');
});

test('no other text passes for a token, and neither kind for the other', () => {
  expectTypeOf<string>().not.toExtend<AccessToken>();
  expectTypeOf<RefreshToken>().not.toExtend<AccessToken>();
  expectTypeOf<AccessToken>().not.toExtend<RefreshToken>();
});
