import { calculateJwkThumbprint, exportJWK } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { updateClient } from '../clients/manage-clients.ts';
import { claimsOf } from '../testing/expected.ts';
import { ada, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

// The same by `openid-client`, which discovers, checks signatures and refuses more than `oauth4webapi` does by itself.

let auth: RunningAuthority;
let payments: client.Configuration;
let web: client.Configuration;
// oxlint-disable-next-line typescript/no-deprecated -- marked so to stand out: this authority is on loopback
const insecure = client.allowInsecureRequests;
const options: client.DiscoveryRequestOptions = { algorithm: 'oauth2', execute: [insecure] };

beforeAll(async () => {
  auth = await runAuthority();
  const { privateKey, kid } = auth.keys.payments;
  const jwk = privateKey.export({ format: 'jwk' });
  const key = await crypto.subtle.importKey('jwk', { ...jwk }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const issuer = new URL(auth.issuer);
  const signed = { introspection_signed_response_alg: 'ES256' };
  payments = await client.discovery(issuer, 'payments', signed, client.PrivateKeyJwt({ key, kid }), {
    ...options,
    execute: [insecure, client.enableNonRepudiationChecks],
  });
  web = await client.discovery(issuer, 'web', {}, client.None(), options);
});
afterAll(() => auth.close());

const signIn = () => auth.as().signIn.mutate(ada);

test('discovery finds what the authority says of itself, proofs of possession and signed answers too (MET-03)', () => {
  const metadata = payments.serverMetadata();
  expect(metadata.issuer).toBe(auth.issuer);
  expect(metadata['dpop_signing_alg_values_supported']).toContain('ES256');
  expect(metadata['introspection_signing_alg_values_supported']).toEqual(['ES256']);
  expect(metadata.grant_types_supported).toEqual([
    'client_credentials',
    'refresh_token',
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ]);
});

test('client credentials, and a signed introspection whose signature is checked', async () => {
  const { access_token: token } = await client.clientCredentialsGrant(payments, { audience: 'catalog' });
  expect(claimsOf(token)).toMatchObject({ aud: 'catalog', sub: 'payments' });
  const own = (await signIn()).accessTokens['payments']?.token ?? '';
  expect(await client.tokenIntrospection(payments, own)).toMatchObject({ active: true, sub: claimsOf(own)['sub'] });
  // Good, but not at payments.
  expect(await client.tokenIntrospection(payments, token)).toEqual({ active: false });
});

test('refresh, for one service at a time, and the token it gives is good for the next', async () => {
  const set = await signIn();
  const first = await client.refreshTokenGrant(web, set.refreshToken, { resource: 'catalog' });
  const second = await client.refreshTokenGrant(web, first.refresh_token ?? '', { resource: 'payments' });
  expect(claimsOf(second.access_token)).toMatchObject({ aud: 'payments', sid: set.session.id });
});

test('exchange: a transaction token for the next hop, and its replacement for the one after', async () => {
  const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const asked = {
    requested_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
    audience: 'sallyport',
    scope: 'catalog:read',
  };
  const first = await client.genericGrantRequest(payments, grant, {
    ...asked,
    subject_token: (await signIn()).accessTokens['payments']?.token ?? '',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
  const second = await client.genericGrantRequest(payments, grant, {
    ...asked,
    subject_token: first.access_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
  });
  expect(claimsOf(second.access_token)['txn']).toBe(claimsOf(first.access_token)['txn']);
});

test('proofs of possession: a token that is bound to a key, used with it, and refused without (OSB-06)', async () => {
  await updateClient(
    auth.authority,
    { clientId: 'payments', changes: { senderConstraint: 'dpop' } },
    { because: 'test' },
  );
  const keys = await client.randomDPoPKeyPair('ES256');
  const DPoP = client.getDPoPHandle(payments, keys);
  const asked = { audience: 'auth', scope: 'revocations' };
  const unproven: unknown = await client.clientCredentialsGrant(payments, asked).catch((error: unknown) => error);
  expect(unproven).toMatchObject({ error: 'invalid_dpop_proof' });

  const { access_token: token, token_type: type } = await client.clientCredentialsGrant(payments, asked, { DPoP });
  expect(type).toBe('dpop');
  const jkt = await calculateJwkThumbprint(await exportJWK(keys.publicKey));
  expect(claimsOf(token)['cnf']).toEqual({ jkt });
  const url = new URL(`${auth.issuer}/trpc/internal.position`);
  const use = (handle?: client.DPoPHandle) =>
    client.fetchProtectedResource(payments, token, url, 'GET', undefined, undefined, handle && { DPoP: handle }).then(
      ({ status }) => status,
      (error: unknown) => (error instanceof client.WWWAuthenticateChallengeError ? error.status : error),
    );
  expect(await use(DPoP)).toBe(200);
  expect(await use()).toBe(401);
  expect(await use(client.getDPoPHandle(payments, await client.randomDPoPKeyPair('ES256')))).toBe(401);
  await updateClient(
    auth.authority,
    { clientId: 'payments', changes: { senderConstraint: 'none' } },
    { because: 'test' },
  );
});

test('revocation: the session is over, and its refresh token is refused by name', async () => {
  const set = await signIn();
  await client.tokenRevocation(web, set.refreshToken);
  const refused: unknown = await client
    .refreshTokenGrant(web, set.refreshToken, { resource: 'catalog' })
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ error: 'invalid_grant', status: 400 });
  const own = set.accessTokens['payments']?.token ?? '';
  expect(await client.tokenIntrospection(payments, own)).toEqual({ active: false });
});
