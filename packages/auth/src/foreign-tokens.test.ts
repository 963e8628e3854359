import { expect, test } from 'vitest';
import { isCanonicalCompactJws, readAuthorization } from './bearer-token.ts';
import { isMeantForUs } from './claims.ts';
import { localVerifier, type LocalVerifierOptions } from './local-verifier.ts';
import { heldClock, testAuthority } from './testing.ts';

const clock = heldClock();
const authority = await testAuthority(clock, 'https://partner.test');
const { issuer, keys } = authority;
const audience = 'catalog';
const optional = { sessionClaims: 'optional', audienceLists: true, acr: {}, roles: 'ignored' } as const;
const foreign = { issuer, audience, keys, clock, ...optional };

type Claims = Readonly<Record<string, unknown>>;

async function verify(claims: Claims, options: LocalVerifierOptions = foreign) {
  const text = await authority.userToken({ audience, scope: 's', claims });
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return localVerifier(options).verify(text);
}

const noSession = { sid: undefined, auth_time: undefined, acr: undefined };

test('a foreign user needs no claims of a session, and a foreign service is known by its sub (ATP-02)', async () => {
  expect(await verify(noSession)).toMatchObject({ outcome: 'verified', token: { kind: 'user', subject: 'u_ada' } });
  expect(await verify({ ...noSession, sub: 'web' })).toMatchObject({
    outcome: 'verified',
    token: { kind: 'service', subject: 'web', client: 'web' },
  });
  expect(await verify(noSession, { issuer, audience, keys, clock })).toMatchObject({ reason: 'token_claims' });
});

test.each<[string, Claims]>([
  ['no sub', { sub: undefined }],
  ['no client_id', { client_id: undefined }],
  ['no jti', { jti: undefined }],
  ['a sid that is a number', { sid: 7 }],
  ['a sid of 257 characters', { sid: 'x'.repeat(257) }],
  ['an auth_time that is text', { auth_time: '1' }],
  ['a fractional auth_time', { auth_time: 1.5 }],
  ['an acr that is a list', { acr: ['aal2'] }],
  ['a scope that is a list', { scope: ['s'] }],
  ['a service with a session', { sub: 'web' }],
  ['a NUL in its sub', { sub: 'u\u0000' }],
  ['a sub that is not ASCII', { sub: 'adа' }],
])('a foreign token with %s is refused', async (_name, claims) => {
  expect(await verify(claims)).toMatchObject({ outcome: 'refused', reason: 'token_claims' });
});

test.each<[string, unknown]>([
  ['no audience', undefined],
  ['an empty text', ''],
  ['an empty list', []],
  ['a number', 7],
  ['an object', { catalog: true }],
  ['null', null],
  ['a nested list', [['catalog']]],
  ['a prefix', 'catalo'],
  ['a longer text', 'catalog2'],
  ['another case', 'Catalog'],
  ['a list without us', ['payments', 'catalo']],
  ['a list with us twice', ['catalog', 'catalog']],
  ['a list with us and a number', ['catalog', 7]],
  ['a list with us and an empty text', ['catalog', '']],
  ['a list of 17', ['catalog', ...Array.from({ length: 16 }, (_, index) => `a${index}`)]],
])('a foreign token for %s is not for us (JWT-10)', async (_name, aud) => {
  expect(await verify({ aud })).toMatchObject({ outcome: 'refused', reason: 'token_audience' });
});

test('a list of a thousand audiences is refused, and one of ten thousand is no token at all (JWT-10)', async () => {
  const ours = (count: number) => ['catalog', ...Array.from({ length: count }, () => '')];
  expect(await verify({ aud: ours(1000) })).toMatchObject({ outcome: 'refused', reason: 'token_audience' });
  const text = await authority.userToken({ audience, scope: 's', claims: { aud: ours(10_000) } });
  expect(readAuthorization([`Bearer ${text}`])).toMatchObject({ kind: 'refused' });
  expect(isMeantForUs(ours(10_000), foreign)).toBe(false);
});

test('a list of up to sixteen with us is accepted where lists are configured, and nowhere else (JWT-10)', async () => {
  const sixteen = ['a', 'catalog', ...Array.from({ length: 14 }, (_, index) => `a${index}`)];
  for (const aud of [['catalog'], sixteen]) {
    expect(await verify({ aud })).toMatchObject({ outcome: 'verified', token: { audience: 'catalog' } });
    expect(await verify({ aud }, { ...foreign, audienceLists: false })).toMatchObject({ reason: 'token_audience' });
  }
});

test.each(['aal2', 'aal1', '__proto__', 'constructor', 'urn:other'])(
  "an issuer's acr %j means nothing until the configuration says what",
  async (acr) => {
    const verification = await verify({ acr });
    expect(verification).toMatchObject({ outcome: 'verified' });
    expect(verification).not.toHaveProperty('token.acr');
  },
);

test('an acr that the configuration names becomes what it says', async () => {
  const mapped = { ...foreign, acr: { 'urn:mfa': 'aal2' } } as const;
  expect(await verify({ acr: 'urn:mfa' }, mapped)).toMatchObject({ token: { acr: 'aal2' } });
  expect(await verify({ acr: 'aal2' }, mapped)).not.toHaveProperty('token.acr');
});

test('a token that is bound to a key is not taken as a bearer token, whoever made it (DPP-02)', async () => {
  const bound = { cnf: { jkt: 'x' } };
  expect(await verify(bound)).toMatchObject({ outcome: 'refused', reason: 'token_bound' });
  expect(await verify(bound, { issuer, audience, keys, clock })).toMatchObject({ reason: 'token_bound' });
});

test('other claims of a foreign token are left alone', async () => {
  const verification = await verify({ name: 'Ada', groups: ['admin'], roles: ['admin'], 'https://x': { y: 'admin' } });
  if (verification.outcome !== 'verified') throw new Error('not verified');
  const values = Object.values(verification.token).flatMap((value) => (value instanceof Set ? [...value] : [value]));
  expect(values).not.toContain('admin');
  expect(values).not.toContain('Ada');
});

test('each issuer has its own greatest lifetime', async () => {
  const now = clock.epochSeconds();
  expect(await verify({ exp: now + 3600 })).toMatchObject({ reason: 'token_lifetime' });
  expect(await verify({ exp: now + 3600 }, { ...foreign, maxLifetimeSeconds: 3600 })).toMatchObject({
    outcome: 'verified',
  });
});
