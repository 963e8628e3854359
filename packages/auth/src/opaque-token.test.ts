import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCanonicalCompactJws, maxTokenLength, readAuthorization } from './bearer-token.ts';
import { testAuthority } from './testing.ts';

const authority = await testAuthority();
const signed = await authority.userToken({ audience: 'catalog', scope: 'catalog:read' });

test.each(['a', 'kDq~_-.+/', 'ory_at_x.y', 'a==', 'eyJhbGciOiJub25lIn0', 'A'.repeat(maxTokenLength)])(
  'text of the grammar b64token that is no JWS is opaque',
  (token) => {
    expect(readAuthorization([`Bearer ${token}`])).toEqual({ kind: 'opaque', token, scheme: 'Bearer' });
  },
);

test.each(['', '=', 'a=b', 'a b', 'a,b', 'a"b', 'a\tb', 'a\u0000', 'ключ', 'a%20b', 'a:b', '{"a":1}'])(
  'other text, such as %j, is malformed',
  (token) => {
    expect(readAuthorization([`Bearer ${token}`])).toMatchObject({ kind: 'refused', reason: 'token_malformed' });
  },
);

test('no other spelling of a JWT, and no piece of one, passes for an opaque token', () => {
  const [header = '', claims = '', signature = ''] = signed.split('.');
  const spellings = [
    `${signed}=`,
    `${signed}==`,
    `${signed}.`,
    `${header}.${claims}`,
    `${header}.${claims}.`,
    `${header}..${signature}`,
    `${header}.${claims}.${signature}.${signature}.${signature}`,
    `${header}.${claims.replaceAll('-', '+').replaceAll('_', '/')}=.${signature}`,
  ];
  for (const text of spellings) expect(readAuthorization([`Bearer ${text}`])).toMatchObject({ kind: 'refused' });
});

test('a token is signed, opaque or malformed, and never two of them', () => {
  const text = fc.string({
    unit: fc.constantFrom('e', 'y', 'J', 'A', 'g', '-', '_', '.', '~', '+', '/', '=', ' '),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (token) => {
      const read = readAuthorization([`Bearer ${token}`]);
      expect(read.kind === 'token').toBe(isCanonicalCompactJws(token));
      expect(read.kind !== 'opaque' || (/^[\w.~+/-]+=*$/.test(token) && !isCanonicalCompactJws(token))).toBe(true);
    }),
    { numRuns: 5000 },
  );
});
