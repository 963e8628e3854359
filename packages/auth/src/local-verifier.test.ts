import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { isCanonicalCompactJws } from './bearer-token.ts';
import { localVerifier } from './local-verifier.ts';
import { heldClock, testAuthority, type UserToken } from './testing.ts';
import type { Verification } from './token-verifier.ts';

const clock = heldClock();
const authority = await testAuthority(clock);
const verifier = localVerifier({ issuer: authority.issuer, audience: 'catalog', keys: authority.keys, clock });
const now = clock.epochSeconds();

async function verify(text: string): Promise<Verification> {
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return verifier.verify(text);
}

function user(change: Partial<UserToken> = {}): Promise<string> {
  return authority.userToken({ audience: 'catalog', scope: 'catalog:read', ...change });
}

test('a good token gives its claims', async () => {
  expect(await verify(await user())).toMatchObject({
    outcome: 'verified',
    token: {
      issuer: authority.issuer,
      subject: 'u_ada',
      client: 'web',
      audience: 'catalog',
      session: '1.test',
      acr: 'aal1',
      scope: new Set(['catalog:read']),
    },
  });
});

test("a service's own token has no session", async () => {
  const text = await authority.serviceToken({ client: 'payments', audience: 'catalog', scope: 'catalog:read' });
  const verification = await verify(text);
  expect(verification).toMatchObject({ outcome: 'verified', token: { subject: 'payments', client: 'payments' } });
  expect(verification).not.toHaveProperty('token.session');
});

test.each<[string, UserToken['header'], string]>([
  ['typ JWT', { typ: 'JWT' }, 'token_type'],
  ['no typ', { typ: undefined }, 'token_type'],
  ['a transaction token', { typ: 'txntoken+jwt' }, 'token_type'],
  ['an unknown kid', { kid: 'other' }, 'token_key_unknown'],
  ['a kid that is a path', { kid: '../../dev/null' }, 'token_header_refused'],
  ['a kid that is SQL', { kid: "x' UNION SELECT 1--" }, 'token_header_refused'],
  ['a kid that is a prototype member', { kid: '__proto__' }, 'token_key_unknown'],
  ['an embedded key', { jwk: { kty: 'EC' } }, 'token_header_refused'],
  ['a key URL', { jku: 'https://attacker.test/keys' }, 'token_header_refused'],
  ['a certificate URL', { x5u: 'https://attacker.test/cert' }, 'token_header_refused'],
  ['a certificate', { x5c: ['MII'] }, 'token_header_refused'],
])('a token with %s in its header is refused', async (_name, header, reason) => {
  expect(await verify(await user({ header: header ?? {} }))).toMatchObject({ outcome: 'refused', reason });
});

test('who else acted gives no right: claims of an actor, however deep, are history (TEX-05)', async () => {
  const act = { sub: 'root', roles: ['admin'], scope: 'catalog:write', act: { sub: 'root', client_id: 'payments' } };
  expect(await verify(await user({ claims: { act } }))).toMatchObject({
    outcome: 'verified',
    token: { subject: 'u_ada', client: 'web', scope: new Set(['catalog:read']), roles: new Set() },
  });
});

test('any crit is refused, also one that jose understands (JWT-15)', async () => {
  const [, claims, signature] = (await user()).split('.');
  for (const crit of [[], ['b64'], ['exp']]) {
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1', crit, b64: true })).toString(
      'base64url',
    );
    expect(await verify(`${header}.${claims}.${signature}`)).toMatchObject({
      outcome: 'refused',
      reason: 'token_header_refused',
    });
  }
});

test.each(['none', 'None', 'NONE', 'nOnE', 'HS256', 'RS256', 'ES384', 'es256', 'ES256\u0000', 'EdDSA'])(
  'alg %j is refused (JWT-01, JWT-03)',
  async (alg) => {
    const [, claims, signature] = (await user()).split('.');
    const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: 'key-1' })).toString('base64url');
    expect(await verify(`${header}.${claims}.${signature}`)).toMatchObject({
      outcome: 'refused',
      reason: 'token_algorithm',
    });
  },
);

test('a token signed with the public key as an HMAC secret is refused', async () => {
  const secret = new TextEncoder().encode('the public key, which everybody has');
  const forged = await new SignJWT({ sub: 'u_eve' })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })
    .sign(secret);
  expect(await verify(forged)).toMatchObject({ outcome: 'refused', reason: 'token_algorithm' });
});

test('a token signed by another key under a known kid is refused (ATP-07)', async () => {
  const text = await authority.foreignToken({ audience: 'catalog', scope: 'catalog:read' });
  expect(await verify(text)).toMatchObject({ outcome: 'refused', reason: 'token_signature' });
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['iss with a trailing slash', { iss: `${authority.issuer}/` }, 'token_issuer'],
  ['no iss', { iss: undefined }, 'token_issuer'],
  ['another audience', { aud: 'payments' }, 'token_audience'],
  ['two audiences', { aud: ['catalog', 'payments'] }, 'token_audience'],
  ['no aud', { aud: undefined }, 'token_audience'],
  ['a prefix of our audience', { aud: 'catalo' }, 'token_audience'],
  ['no exp', { exp: undefined }, 'token_claims'],
  ['a fractional exp', { exp: now + 100.5 }, 'token_claims'],
  ['exp as text', { exp: String(now + 100) }, 'token_claims'],
  ['exp now', { exp: now }, 'token_expired'],
  ['exp a second ago', { exp: now - 1 }, 'token_expired'],
  ['iat eleven seconds ahead', { iat: now + 11, exp: now + 100 }, 'token_from_the_future'],
  ['nbf eleven seconds ahead', { nbf: now + 11 }, 'token_from_the_future'],
  ['a life over ten minutes', { exp: now + 601 }, 'token_lifetime'],
  ['no iat', { iat: undefined }, 'token_claims'],
  ['no sub', { sub: undefined }, 'token_claims'],
  ['sub as a number', { sub: 7 }, 'token_claims'],
  ['no client_id', { client_id: undefined }, 'token_claims'],
  ['no jti', { jti: undefined }, 'token_claims'],
  ['a scope that is a list', { scope: ['catalog:read'] }, 'token_claims'],
  ['a session without auth_time', { auth_time: undefined }, 'token_claims'],
  ['a user without a session', { sid: undefined }, 'token_claims'],
  ['a client that is its own subject in a session', { sub: 'web' }, 'token_claims'],
])('a token with %s is refused', async (_name, claims, reason) => {
  expect(await verify(await user({ claims }))).toMatchObject({ outcome: 'refused', reason });
});

test.each<[string, (claims: string) => string, string]>([
  [
    'exp 1e400, which JSON.parse reads as Infinity',
    (claims) => claims.replace(/"exp":\d+/, '"exp":1e400'),
    'token_claims',
  ],
  ['a repeated sub', (claims) => claims.replace('{', '{"sub":"u_eve",'), 'token_claims'],
  ['claims that are a list', () => '[]', 'token_claims'],
])('a token with %s is refused', async (_name, change, reason) => {
  const claims = Buffer.from((await user()).split('.')[1] ?? '', 'base64url').toString();
  expect(await verify(await authority.tokenOfText(claims))).toMatchObject({ outcome: 'verified' });
  expect(await verify(await authority.tokenOfText(change(claims)))).toMatchObject({ outcome: 'refused', reason });
});

test('iat ten seconds ahead is still accepted', async () => {
  expect(await verify(await user({ claims: { iat: now + 10 } }))).toMatchObject({ outcome: 'verified' });
});

test('without keys nothing is known: neither yes nor no', async () => {
  const keyless = localVerifier({
    issuer: authority.issuer,
    audience: 'catalog',
    clock,
    keys: { find: () => undefined, refresh: async () => {}, usable: () => false, epoch: () => 0 },
  });
  const text = await user();
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  expect(await keyless.verify(text)).toEqual({ outcome: 'unknown', reason: 'keys_unavailable' });
});
