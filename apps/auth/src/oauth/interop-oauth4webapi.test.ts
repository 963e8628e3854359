import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TokenSet } from '../sign-in/token-set.ts';
import { claimsOf } from '../testing/expected.ts';
import { ada, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

// Everything that the authority speaks of OAuth, spoken to it by a client that nobody here wrote.

let auth: RunningAuthority;
let server: oauth.AuthorizationServer;
let payments: oauth.ClientAuth;
let tokens: TokenSet;
// oxlint-disable-next-line typescript/no-deprecated -- marked so to stand out: this authority is on loopback
const insecure = { [oauth.allowInsecureRequests]: true };
const web: oauth.Client = { client_id: 'web' };
const service: oauth.Client = { client_id: 'payments' };

beforeAll(async () => {
  auth = await runAuthority();
  server = await discover();
  const { privateKey, kid } = auth.keys.payments;
  const jwk = privateKey.export({ format: 'jwk' });
  const key = await crypto.subtle.importKey('jwk', { ...jwk }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  payments = oauth.PrivateKeyJwt({ key, kid });
  tokens = await auth.as().signIn.mutate(ada);
});
afterAll(() => auth.close());

async function discover(issuer = auth.issuer): Promise<oauth.AuthorizationServer> {
  const response = await oauth.discoveryRequest(new URL(auth.issuer), { algorithm: 'oauth2', ...insecure });
  return oauth.processDiscoveryResponse(new URL(issuer), response);
}

test('the metadata is found, and is of the issuer that was asked for and no other (MET-01, MET-03)', async () => {
  expect(server).toMatchObject({
    issuer: auth.issuer,
    acr_values_supported: ['aal1', 'aal2'],
    introspection_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'],
  });
  await expect(discover(auth.issuer.replace('127.0.0.1', 'localhost'))).rejects.toThrow('issuer');
});

test('a service gets its token, and whoever verifies by RFC 9068 takes it', async () => {
  const asked = new URLSearchParams({ audience: 'catalog' });
  const response = await oauth.clientCredentialsGrantRequest(server, service, payments, asked, insecure);
  const { access_token: token } = await oauth.processClientCredentialsResponse(server, service, response);
  const request = new Request('http://catalog.test/', { headers: { authorization: `Bearer ${token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request, 'catalog', insecure);
  expect(claims).toMatchObject({ iss: auth.issuer, sub: 'payments', client_id: 'payments' });
  const elsewhere = request.clone();
  await expect(oauth.validateJwtAccessToken(server, elsewhere, 'payments', insecure)).rejects.toThrow('aud');
});

test('the public client refreshes, and its token says what a refresh over tRPC would say', async () => {
  const set = await auth.as().signIn.mutate(ada);
  const additionalParameters = { resource: 'catalog', scope: 'catalog:read' };
  const ask = () =>
    oauth.refreshTokenGrantRequest(server, web, oauth.None(), set.refreshToken, { ...insecure, additionalParameters });
  const refreshed = await oauth.processRefreshTokenResponse(server, web, await ask());
  expect(claimsOf(refreshed.access_token)).toMatchObject({
    aud: 'catalog',
    scope: 'catalog:read',
    sub: set.session.subject,
  });
  expect(refreshed.refresh_token).not.toBe(set.refreshToken);
});

test('introspection answers in JSON, and signed with a key of the set', async () => {
  const token = tokens.accessTokens['payments']?.token ?? '';
  const plain = await oauth.introspectionRequest(server, service, payments, token, insecure);
  expect(await oauth.processIntrospectionResponse(server, service, plain)).toMatchObject({
    active: true,
    client_id: 'web',
  });

  const options = { ...insecure, requestJwtResponse: true };
  const signed = await oauth.introspectionRequest(server, service, payments, token, options);
  expect(await oauth.processIntrospectionResponse(server, service, signed)).toMatchObject({
    active: true,
    aud: 'payments',
  });
  await oauth.validateApplicationLevelSignature(server, signed, insecure);
});

test('a person’s token is exchanged for a transaction token, which is no access token', async () => {
  const asked = new URLSearchParams({
    requested_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
    audience: 'sallyport',
    scope: 'catalog:read',
    subject_token: tokens.accessTokens['payments']?.token ?? '',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
  const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const response = await oauth.genericTokenEndpointRequest(server, service, payments, grant, asked, insecure);
  const recognizedTokenTypes = { n_a: () => {} };
  const answer = await oauth.processGenericTokenEndpointResponse(server, service, response, { recognizedTokenTypes });
  expect(answer).toMatchObject({
    issued_token_type: asked.get('requested_token_type'),
    token_type: 'n_a',
    expires_in: 60,
  });
});

test('a revoked token is inactive when the answer is there (REV-03)', async () => {
  const set = await auth.as().signIn.mutate(ada);
  const token = set.accessTokens['payments']?.token ?? '';
  const response = await oauth.revocationRequest(server, web, oauth.None(), set.refreshToken, insecure);
  await oauth.processRevocationResponse(response);
  const asked = await oauth.introspectionRequest(server, service, payments, token, insecure);
  expect(await oauth.processIntrospectionResponse(server, service, asked)).toEqual({ active: false });
});

test('an error is one that the client understands, by its code', async () => {
  const asked = new URLSearchParams({ audience: 'nowhere' });
  const response = await oauth.clientCredentialsGrantRequest(server, service, payments, asked, insecure);
  const error: unknown = await oauth
    .processClientCredentialsResponse(server, service, response)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ error: 'invalid_target', status: 400 });
});
