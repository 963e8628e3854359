import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSession } from '../sign-in/sessions.ts';
import type { TokenSet } from '../sign-in/token-set.ts';
import { claimsOf, headerOf, parseObject, someNumber, someText, textLike } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { adaByPassword } from '../testing/sign-ins.ts';
import { mintUserToken } from '../tokens/access-token.ts';

let auth: RunningAuthority;
let tokens: TokenSet;
const signIn = () => auth.as().signIn.mutate(grace);
const forIntrospection = { grant_type: 'client_credentials', audience: 'auth', scope: 'introspect' };
beforeAll(async () => {
  auth = await runAuthority();
  tokens = await signIn();
});
afterAll(() => auth.close());

test('the metadata names its issuer exactly, and every endpoint answers under it', async () => {
  const response = await fetch(`${auth.issuer}/.well-known/oauth-authorization-server`);
  const metadata = parseObject(await response.text());
  expect(metadata['issuer']).toBe(auth.issuer);
  expect(metadata['grant_types_supported']).not.toContain('password');
  for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint']) {
    const answer = await fetch(String(metadata[name]), { method: 'POST', body: new URLSearchParams({ token: 'x' }) });
    expect([400, 401]).toContain(answer.status);
  }
  expect((await fetch(String(metadata['jwks_uri']))).status).toBe(200);
});

test('the key set may be kept for 60 s, and has public members only (JWK-01)', async () => {
  const response = await fetch(`${auth.issuer}/oauth/jwks`);
  expect(response.headers.get('cache-control')).toBe('public, max-age=60');
  const { keys }: { keys: object[] } = JSON.parse(await response.text());
  expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']]);
});

test('a service gets its own token for one audience, with the claims of RFC 9068 and no person’s', async () => {
  const { status, headers, json } = await auth.postAs('payments', '/oauth/token', forIntrospection);
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(json).toEqual({
    access_token: someText,
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'introspect',
  });
  expect(headerOf(json['access_token'])).toEqual({
    alg: 'ES256',
    typ: 'at+jwt',
    kid: textLike(/^[A-Za-z0-9_-]{4}$/),
  });
  expect(claimsOf(json['access_token'])).toEqual({
    iss: auth.issuer,
    sub: 'payments',
    client_id: 'payments',
    aud: 'auth',
    scope: 'introspect',
    iat: someNumber,
    exp: someNumber,
    jti: textLike(/^[0-9a-z]+\.[A-Za-z0-9_-]{8}$/),
  });
});

test('a person’s access token has the design’s claims, and is within its budget of 512 bytes (ATP-01, ATP-02)', async () => {
  for (const [audience, { token, expiresInSeconds }] of Object.entries(tokens.accessTokens)) {
    expect(Object.keys(claimsOf(token)).toSorted()).toEqual([
      'acr',
      'aud',
      'auth_time',
      'client_id',
      'exp',
      'iat',
      'iss',
      'jti',
      'scope',
      'sid',
      'sub',
    ]);
    expect(claimsOf(token)['aud']).toBe(audience);
    expect(expiresInSeconds).toBe(300);
    expect(token.length).toBeLessThanOrEqual(512);
  }
  const { session } = await startSession(auth.authority, adaByPassword);
  const wide = { audience: 'payments', scope: Array.from({ length: 8 }, (_, index) => `payments:scope-${index}`) };
  expect(() => mintUserToken(auth.authority, session, wide)).toThrow('the budget is 512');
});

test.each([
  ['no grant type', {}, 'invalid_request'],
  ['the password grant (OSB-05)', { grant_type: 'password', username: 'a', password: 'b' }, 'unsupported_grant_type'],
  ['an audience it has nothing at', { ...forIntrospection, audience: 'payments' }, 'invalid_target'],
  ['no audience', { grant_type: 'client_credentials' }, 'invalid_request'],
  ['a scope it does not have', { ...forIntrospection, scope: 'introspect account' }, 'invalid_scope'],
  ['a scope of another audience', { ...forIntrospection, scope: 'catalog:read' }, 'invalid_scope'],
  ['a malformed scope', { ...forIntrospection, scope: 'a  b' }, 'invalid_request'],
])('a service that asks for %s gets none', async (_, members, error) => {
  const { status, json } = await auth.postAs('payments', '/oauth/token', members);
  expect({ status, error: json['error'] }).toEqual({ status: 400, error });
});

test('a member that is repeated, and a body that is no form, are refused in the words of OAuth', async () => {
  const twice = await fetch(`${auth.issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams([
      ['grant_type', 'refresh_token'],
      ['grant_type', 'password'],
    ]),
  });
  expect({ status: twice.status, body: await twice.json() }).toMatchObject({
    status: 400,
    body: { error: 'invalid_request' },
  });
  const json = await fetch(`${auth.issuer}/oauth/token`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  expect({ status: json.status, body: await json.json() }).toMatchObject({
    status: 415,
    body: { error: 'invalid_request' },
  });
});

test('the public client refreshes for one audience; what may not be granted is refused before the token is spent (OSB-08)', async () => {
  const { refreshToken } = await signIn();
  const refresh = (members: Record<string, string>) =>
    auth.post('/oauth/token', {
      grant_type: 'refresh_token',
      client_id: 'web',
      refresh_token: refreshToken,
      resource: 'catalog',
      ...members,
    });
  expect((await refresh({ resource: 'elsewhere' })).json).toMatchObject({ error: 'invalid_target' });
  expect((await refresh({ scope: 'catalog:read payments:write' })).json).toMatchObject({ error: 'invalid_scope' });
  expect((await refresh({ client_id: 'payments' })).json).toMatchObject({ error: 'invalid_client' });
  const { status, json } = await refresh({ scope: 'catalog:read' });
  expect(status).toBe(200);
  expect(json).toEqual({
    access_token: someText,
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'catalog:read',
    refresh_token: someText,
  });
  expect(claimsOf(json['access_token'])).toMatchObject({ aud: 'catalog', scope: 'catalog:read', client_id: 'web' });
  // Its answer may have been lost: until the successor is used, it is the same one.
  expect((await refresh({})).json['refresh_token']).toBe(json['refresh_token']);
  expect((await refresh({ refresh_token: String(json['refresh_token']) })).status).toBe(200);
  expect((await refresh({})).json).toMatchObject({ error: 'invalid_grant' });
});

test('a refresh over OAuth carries the roles that a refresh over tRPC does, and no others', async () => {
  const { refreshToken } = await auth.as().signIn.mutate({ ...grace, email: 'radia@sallyport.example' });
  const refresh = { grant_type: 'refresh_token', client_id: 'web' };
  const first = await auth.post('/oauth/token', { ...refresh, refresh_token: refreshToken, resource: 'catalog' });
  expect(claimsOf(first.json['access_token'])['roles']).toEqual(['curator']);
  const next = String(first.json['refresh_token']);
  const second = await auth.post('/oauth/token', { ...refresh, refresh_token: next, resource: 'payments' });
  expect(claimsOf(second.json['access_token'])['roles']).toBeUndefined();
});

test('a refresh token of another client is not taken, and its session lives on', async () => {
  const { refreshToken, session } = await signIn();
  const stolen = await auth.postAs('payments', '/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    resource: 'payments',
  });
  expect(stolen.status).toBe(400);
  const { session: same } = await auth.as().refresh.mutate({ refreshToken });
  expect(same.id).toBe(session.id);
});
