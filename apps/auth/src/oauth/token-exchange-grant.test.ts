import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TokenSet } from '../sign-in/token-set.ts';
import type { ServiceName } from '../testing/callers.ts';
import { claimsOf, headerOf, someText, transactionClaims } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
let tokens: TokenSet;
beforeAll(async () => {
  auth = await runAuthority();
  tokens = await auth.as().signIn.mutate(grace);
});
afterAll(() => auth.close());

const details = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const accessToken = (audience: string, set = tokens) => set.accessTokens[audience]?.token ?? '';

function request(changes: Record<string, string> = {}) {
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
    audience: 'sallyport',
    scope: 'catalog:read',
    subject_token: accessToken('payments'),
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    request_details: details({ product: 'p_1', amount: '1999', currency: 'EUR' }),
    ...changes,
  };
}

test('payments changes a person’s token into a transaction token that freezes what is being done (TEX-03, TTS-01, TTS-04)', async () => {
  const { status, headers, json } = await auth.postAs('payments', '/oauth/token', request());
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(json).toEqual({
    access_token: someText,
    issued_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
    token_type: 'N_A',
    expires_in: 60,
    scope: 'catalog:read',
  });
  expect(headerOf(json['access_token'])).toMatchObject({ typ: 'txntoken+jwt', alg: 'ES256' });
  const claims = claimsOf(json['access_token']);
  const carried = {
    issuer: auth.issuer,
    session: tokens.session,
    context: { product: 'p_1', amount: '1999', currency: 'EUR' },
  };
  expect(claims).toEqual(transactionClaims(claims, carried));
  const again = await auth.postAs('payments', '/oauth/token', request());
  expect(claimsOf(again.json['access_token'])['txn']).not.toBe(claims['txn']);
});

type Case = [
  why: string,
  by: ServiceName,
  changes: () => Record<string, string> | Promise<Record<string, string>>,
  error: string,
];

test.each<Case>([
  ['a client without the right', 'catalog', () => ({ subject_token: accessToken('catalog') }), 'unauthorized_client'],
  ['another audience than the trust domain', 'payments', () => ({ audience: 'catalog' }), 'invalid_target'],
  ['no audience', 'payments', () => ({ audience: '' }), 'invalid_request'],
  ['no scope', 'payments', () => ({ scope: '' }), 'invalid_request'],
  ['a scope the requester may not carry', 'payments', () => ({ scope: 'catalog:write' }), 'invalid_scope'],
  ['a scope beside one it may carry', 'payments', () => ({ scope: 'catalog:read payments:write' }), 'invalid_scope'],
  [
    'another requested type',
    'payments',
    () => ({ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
    'invalid_request',
  ],
  ['no requested type', 'payments', () => ({ requested_token_type: '' }), 'invalid_request'],
  ['no subject token', 'payments', () => ({ subject_token: '' }), 'invalid_request'],
  ['no subject token type', 'payments', () => ({ subject_token_type: '' }), 'invalid_request'],
  [
    'a refresh token by its name',
    'payments',
    () => ({ subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
    'invalid_request',
  ],
  ['a refresh token in disguise', 'payments', () => ({ subject_token: tokens.refreshToken }), 'invalid_grant'],
  [
    'an actor',
    'payments',
    () => ({ actor_token: 'x', actor_token_type: 'urn:ietf:params:oauth:token-type:access_token' }),
    'invalid_request',
  ],
  ['a token for another audience', 'payments', () => ({ subject_token: accessToken('catalog') }), 'invalid_grant'],
  ['a service’s own token', 'payments', async () => ({ subject_token: await serviceToken() }), 'invalid_grant'],
  ['a transaction token', 'payments', async () => ({ subject_token: await transactionToken() }), 'invalid_grant'],
  ['a revoked token', 'payments', async () => ({ subject_token: await revokedToken() }), 'invalid_grant'],
  ['a token of an ended session', 'payments', async () => ({ subject_token: await endedToken() }), 'invalid_grant'],
  ['details that are not JSON', 'payments', () => ({ request_details: 'bm8' }), 'invalid_request'],
  ['details that are no object', 'payments', () => ({ request_details: details(['a']) }), 'invalid_request'],
  [
    'details that are not strings',
    'payments',
    () => ({ request_details: details({ amount: 1999 }) }),
    'invalid_request',
  ],
  ['details in plain JSON', 'payments', () => ({ request_details: '{"a":"b"}' }), 'invalid_request'],
])('%s is not exchanged (TEX-01, TEX-02, TTS-03, TTS-05)', async (_, by, changes, error) => {
  const { status, json } = await auth.postAs(by, '/oauth/token', request(await changes()));
  expect({ status, error: json['error'], token: json['access_token'] }).toEqual({
    status: 400,
    error,
    token: undefined,
  });
});

test('without authentication nothing is exchanged, and nothing is said about the token (TTS-06)', async () => {
  const good = await auth.post('/oauth/token', request());
  expect(good.status).toBe(401);
  expect((await auth.post('/oauth/token', request({ subject_token: 'nonsense' }))).text).toBe(good.text);
});

test('a person whose client lost a scope is not carried on with it (TEX-07, TTS-07)', async () => {
  await auth.operator.query(`UPDATE clients SET user_scopes = user_scopes - 'catalog' WHERE client_id = 'web'`);
  const { json } = await auth.postAs('payments', '/oauth/token', request());
  expect(json['error']).toBe('invalid_scope');
  await auth.operator.query(
    `UPDATE clients SET user_scopes = user_scopes || '{"catalog":["catalog:read"]}' WHERE client_id = 'web'`,
  );
});

test('an expired token is not exchanged', async () => {
  const old = accessToken('payments', await auth.as().signIn.mutate(grace));
  auth.advance(300);
  const { json } = await auth.postAs('payments', '/oauth/token', request({ subject_token: old }));
  expect(json['error']).toBe('invalid_grant');
});

async function serviceToken(): Promise<string> {
  const { json } = await auth.postAs('payments', '/oauth/token', {
    grant_type: 'client_credentials',
    audience: 'catalog',
  });
  return String(json['access_token']);
}

async function transactionToken(): Promise<string> {
  return String((await auth.postAs('payments', '/oauth/token', request())).json['access_token']);
}

async function revokedToken(): Promise<string> {
  const token = accessToken('payments', await auth.as().signIn.mutate(grace));
  await auth.post('/oauth/revoke', { client_id: 'web', token });
  return token;
}

async function endedToken(): Promise<string> {
  const set = await auth.as().signIn.mutate(grace);
  await auth.as().signOut.mutate({ refreshToken: set.refreshToken });
  return accessToken('payments', set);
}
