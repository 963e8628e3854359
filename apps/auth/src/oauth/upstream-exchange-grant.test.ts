import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { JWTPayload } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { claimsOf, someNumber, someText } from '../testing/expected.ts';
import { allowReturn, goThere } from '../testing/provider-front-end.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { openScriptedProvider, settingsFor, type ScriptedProvider } from '../testing/scripted-provider.ts';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const ourAudience = 'https://sallyport.example';

let provider: ScriptedProvider;
let asked: ScriptedProvider;
let auth: RunningAuthority;

beforeAll(async () => {
  [provider, asked] = [await openScriptedProvider(), await openScriptedProvider()];
  const accessTokens = {
    audience: ourAudience,
    scopes: { 'shop.read': ['catalog:read', 'payments:read'], 'shop.write': ['catalog:write'] },
    maxLifetimeSeconds: 600,
    believeForSeconds: 300,
  };
  const idTokens = { audiences: ['app'], believeForSeconds: 120, scopes: ['catalog:read'] };
  const exchanged = {
    clients: ['payments'],
    keySetUrl: `${provider.issuer}/keys`,
    algorithms: ['RS256'],
    accessTokens,
    idTokens,
  } as const;
  const introspection = { url: `${asked.issuer}/introspect`, answersFor: ['signed', 'opaque'] } as const;
  auth = await runAuthority({
    identityProviders: [
      settingsFor(provider, { exchange: exchanged }),
      settingsFor(asked, {
        name: 'asked',
        exchange: { ...exchanged, keySetUrl: `${asked.issuer}/keys`, accessTokens: { ...accessTokens, introspection } },
      }),
    ],
  });
  await allowReturn(auth);
  // The matrix of the client that exchanges here, and another that may not.
  const targets = { catalog: ['catalog:read', 'catalog:write'], sallyport: ['catalog:read'] };
  await auth.operator.query(`UPDATE clients SET exchange_targets = $1 WHERE client_id = 'payments'`, [targets]);
  await auth.operator.query(
    `UPDATE clients SET grants = array_append(grants, $1), exchange_targets = $2 WHERE client_id = 'catalog'`,
    [exchangeGrant, targets],
  );
});

afterEach(() => {
  provider.script.clear();
  asked.script.clear();
});

afterAll(async () => {
  await auth.close();
  await Promise.all([provider.close(), asked.close()]);
});

function accessClaims(claims: JWTPayload = {}, { issuer } = provider): JWTPayload {
  const at = Math.floor(auth.now() / 1000);
  const subject = {
    iss: issuer,
    sub: 'heidi',
    client_id: 'app',
    aud: ourAudience,
    jti: randomBytes(9).toString('base64url'),
  };
  return { ...subject, iat: at, exp: at + 300, auth_time: at - 60, scope: 'shop.read other', ...claims };
}

const accessToken = (claims: JWTPayload = {}, by = provider) => by.sign(accessClaims(claims, by), { typ: 'at+jwt' });

async function exchange(
  subjectToken: string,
  changes: Readonly<Record<string, string>> = {},
  by: 'catalog' | 'payments' = 'payments',
) {
  return auth.postAs(by, '/oauth/token', {
    grant_type: exchangeGrant,
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    requested_token_type: accessTokenType,
    audience: 'catalog',
    ...changes,
  });
}

async function isActive(token: unknown): Promise<unknown> {
  return (await auth.postAs('catalog', '/oauth/introspect', { token: String(token) })).json['active'];
}

test('a provider’s access token becomes one of ours: one service, scopes by both tables, an end before its own, and no refresh token (TEX-03)', async () => {
  const answer = await exchange(await accessToken({ exp: Math.floor(auth.now() / 1000) + 100 }));
  expect(answer.json).toEqual({
    access_token: someText,
    issued_token_type: accessTokenType,
    token_type: 'Bearer',
    expires_in: someNumber,
    scope: 'catalog:read',
  });
  expect(answer.json['expires_in']).toBeLessThanOrEqual(100);
  const claims = claimsOf(answer.json['access_token']);
  expect(claims).toMatchObject({ iss: auth.issuer, aud: 'catalog', client_id: 'payments', acr: 'aal1' });
  expect(claims['sub']).toMatch(/^u_/);
  expect(await isActive(answer.json['access_token'])).toBe(true);
});

test('an ID token becomes one of ours, of the same person', async () => {
  const { json } = await exchange(await provider.idToken({ aud: 'app', sub: 'heidi' }), {
    subject_token_type: idTokenType,
  });
  const other = await exchange(await accessToken());
  expect(claimsOf(json['access_token'])['sub']).toBe(claimsOf(other.json['access_token'])['sub']);
  expect(json['scope']).toBe('catalog:read');
});

describe('refused', () => {
  const now = (): number => Math.floor(auth.now() / 1000);

  test.each<[string, () => JWTPayload, Readonly<Record<string, string>>?]>([
    ['one that is over', () => ({ iat: now() - 400, exp: now() - 1 })],
    ['one for somebody else', () => ({ aud: 'https://elsewhere.example' })],
    ['one for several', () => ({ aud: [ourAudience, 'https://elsewhere.example'] })],
    ['one of an issuer that nobody here knows', () => ({ iss: 'https://stranger.example' })],
    ['one of another provider', () => ({ iss: asked.issuer })],
    ['a client’s own', () => ({ sub: 'app' })],
    ['one bound to a key that nobody shows', () => ({ cnf: { jkt: randomBytes(32).toString('base64url') } })],
    ['one that nobody could take back any more', () => ({ iat: now() - 301, exp: now() + 200 })],
    ['one that lives too long', () => ({ exp: now() + 601 })],
    ['one that does not tell when its person signed in', () => ({ auth_time: undefined })],
    ['one whose person signs in tomorrow', () => ({ auth_time: now() + 60 })],
  ])('%s (TEX-02)', async (_, claims) => {
    expect((await exchange(await accessToken(claims()))).json['error']).toBe('invalid_grant');
  });

  test('another kind of token for an access token: ID token, refresh token, one of ours, a made-up one (TEX-02)', async () => {
    asked.script.set('/introspect', () => ({ body: { active: false } }));
    const tokens = await auth
      .as()
      .signIn.mutate({ email: 'grace@sallyport.example', password: 'correct horse battery staple' });
    const ours = tokens.accessTokens['payments']?.token ?? '';
    const texts = [
      await provider.idToken({ aud: ourAudience, sub: 'heidi' }),
      tokens.refreshToken,
      ours,
      'made-up',
      'a.b.c',
    ];
    for (const text of texts) expect([text, (await exchange(text)).json['error']]).toEqual([text, 'invalid_grant']);
  });

  test('for an ID token, everything that is none of a client whose ID tokens are taken (TEX-02)', async () => {
    const variants: JWTPayload[] = [
      { aud: 'another app' },
      { aud: ['app', 'another app'] },
      { azp: 'another app' },
      { scope: 'openid' },
      { client_id: 'app' },
      { events: {} },
      { iat: now() - 121 },
      { exp: now() - 1 },
      { iss: asked.issuer },
    ];
    for (const claims of variants) {
      const text = await provider.idToken({ aud: 'app', sub: 'heidi', ...claims });
      expect((await exchange(text, { subject_token_type: idTokenType })).json['error']).toBe('invalid_grant');
    }
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['no subject token', { subject_token: '' }, 'invalid_request'],
    ['no type of it', { subject_token_type: '' }, 'invalid_request'],
    [
      'a type that is none of both',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      'invalid_request',
    ],
    ['an actor token', { actor_token: 'x', actor_token_type: accessTokenType }, 'invalid_request'],
    ['the type of an actor token alone', { actor_token_type: accessTokenType }, 'invalid_request'],
    ['no type wanted', { requested_token_type: '' }, 'invalid_request'],
    ['another type wanted', { requested_token_type: 'urn:ietf:params:oauth:token-type:jwt' }, 'invalid_request'],
    ['an audience outside the matrix', { audience: 'payments' }, 'invalid_target'],
    ['the whole trust domain', { audience: 'sallyport' }, 'invalid_target'],
    ['a scope outside the matrix', { scope: 'payments:read' }, 'invalid_scope'],
    ['a scope that the subject token does not stand for', { scope: 'catalog:read catalog:write' }, 'invalid_scope'],
  ])('%s (TEX-01, TEX-04)', async (_, changes, error) => {
    expect((await exchange(await accessToken(), changes)).json['error']).toBe(error);
  });

  test('a client that the provider’s settings do not name, and one that proves nothing (TEX-04)', async () => {
    expect((await exchange(await accessToken(), {}, 'catalog')).json['error']).toBe('unauthorized_client');
    const form = {
      grant_type: exchangeGrant,
      requested_token_type: accessTokenType,
      subject_token: await accessToken(),
      subject_token_type: accessTokenType,
      audience: 'catalog',
    };
    expect((await auth.post('/oauth/token', { ...form, client_id: 'web' })).status).toBe(401);
  });
});

test('who else acted is history, and gives nobody anything; who alone may act is heeded (TEX-05, TEX-06)', async () => {
  const act = { sub: 'admin', act: { sub: 'root', scope: 'catalog:write' } };
  const { json } = await exchange(await accessToken({ act }));
  const plain = await exchange(await accessToken());
  const [with_, without] = [claimsOf(json['access_token']), claimsOf(plain.json['access_token'])];
  expect({ sub: with_['sub'], scope: with_['scope'] }).toEqual({ sub: without['sub'], scope: without['scope'] });
  expect(with_).not.toHaveProperty('act');
  expect((await exchange(await accessToken({ may_act: { sub: 'payments' } }))).status).toBe(200);
  expect((await exchange(await accessToken({ may_act: { sub: 'catalog' } }))).json['error']).toBe('invalid_grant');
});

test('scope and lifetime never grow, whatever the provider’s token says (TEX-07)', async () => {
  const upstream = fc.subarray(['shop.read', 'shop.write', 'catalog:read', '__proto__', 'constructor']);
  await fc.assert(
    fc.asyncProperty(upstream, fc.integer({ min: 5, max: 600 }), async (scopes, seconds) => {
      const exp = Math.floor(auth.now() / 1000) + seconds;
      const { json } = await exchange(await accessToken({ scope: scopes.join(' ') || 'none', exp }));
      const allowed = [
        ...(scopes.includes('shop.read') ? ['catalog:read'] : []),
        ...(scopes.includes('shop.write') ? ['catalog:write'] : []),
      ];
      const [error, claims] = [json['error'], json['error'] ? {} : claimsOf(json['access_token'])];
      expect({ error, scope: claims['scope'] }).toEqual(
        allowed.length === 0 ? { error: 'invalid_scope' } : { scope: allowed.join(' ') },
      );
      expect(Number(claims['exp'] ?? 0)).toBeLessThanOrEqual(Math.min(exp, Math.floor(auth.now() / 1000) + 300));
    }),
    { numRuns: 25 },
  );
});

test('what was exchanged dies with its session, and the provider’s token begins no other, in whatever spelling (TEX-08)', async () => {
  const text = await accessToken({ sub: 'ivan' });
  const [one, two] = await Promise.all([exchange(text), exchange(text)]);
  const three = await exchange(text);
  const sids = [one, two, three].map(({ json }) => claimsOf(json['access_token'])['sid']);
  expect(new Set(sids).size).toBe(1);
  const { presented } = await goThere(auth, provider, { claims: { sub: 'ivan' } });
  const own = await auth.as().signInFromProvider.mutate(presented);
  const ivan = auth.as(own.accessTokens['auth']?.token);
  expect((await ivan.sessions.list.query()).map(({ id }) => id)).toContain(sids[0]);
  await ivan.sessions.end.mutate({ session: String(sids[0]) });
  for (const { json } of [one, two, three]) expect(await isActive(json['access_token'])).toBe(false);
  expect((await exchange(text)).json['error']).toBe('invalid_grant');
});

test('ends with the provider’s token: its session is over by then', async () => {
  const text = await accessToken({ sub: 'judy', exp: Math.floor(auth.now() / 1000) + 120 });
  const { json } = await exchange(text);
  expect(await isActive(json['access_token'])).toBe(true);
  const sid = claimsOf(json['access_token'])['sid'];
  const { rows } = await auth.operator.query(`SELECT absolute_expires_at FROM sessions WHERE sid = $1`, [sid]);
  expect(rows).toEqual([{ absolute_expires_at: new Date(Number(claimsOf(text)['exp']) * 1000) }]);
});

test('where the provider is asked, what it took back is refused at once, and its silence is 503 (TEX-02)', async () => {
  const text = await accessToken({ sub: 'karl' }, asked);
  const at = Math.floor(auth.now() / 1000);
  const about = {
    active: true,
    token_type: 'Bearer',
    aud: ourAudience,
    client_id: 'app',
    sub: 'karl',
    iat: at,
    exp: at + 300,
    auth_time: at - 5,
    acr: 'urn:scripted:two',
    scope: 'shop.read',
  };
  asked.script.set('/introspect', () => ({ body: about }));
  const { json } = await exchange(text);
  expect(claimsOf(json['access_token'])).toMatchObject({ acr: 'aal2', auth_time: at - 5 });
  const opaque = await exchange('karls-opaque-token');
  expect(claimsOf(opaque.json['access_token'])['sub']).toBe(claimsOf(json['access_token'])['sub']);

  asked.script.set('/introspect', () => ({ body: { active: false } }));
  expect((await exchange(text)).json['error']).toBe('invalid_grant');
  asked.script.set('/introspect', () => ({ status: 500 }));
  const silent = await exchange(text);
  expect(silent).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
});

test('a person whose account is disabled gets nothing for a provider’s token', async () => {
  const { json } = await exchange(await accessToken({ sub: 'lena' }));
  await auth.operator.query(`UPDATE accounts SET enabled = false WHERE subject = $1`, [
    claimsOf(json['access_token'])['sub'],
  ]);
  expect((await exchange(await accessToken({ sub: 'lena' }))).json['error']).toBe('invalid_grant');
});
