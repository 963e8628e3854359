import {
  createSallyportClient,
  newSenderKey,
  provingFetch,
  type SenderKey,
  type TokenSet,
  type TokenStore,
} from '@sallyport/client';
import { eq } from 'drizzle-orm';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuthRouter } from '../contract.ts';
import { openAuthority } from '../open-authority.ts';
import { clients, usedProofs } from '../schema.ts';
import { serveAuth } from '../serve-auth.ts';
import { assertionType, refusalOf } from '../testing/callers.ts';
import { claimsOf, parseObject, someText } from '../testing/expected.ts';
import { openProvingCallers, type ProvingCallers } from '../testing/proving-callers.ts';
import { ada, adaSeed, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
let server: oauth.AuthorizationServer;
let key: SenderKey;
let thumbprint: string;
let frontEnd: ProvingCallers['frontEnd'];
let postProving: ProvingCallers['postProving'];
let unsentProof: ProvingCallers['unsentProof'];

beforeAll(async () => {
  auth = await runAuthority();
  ({ frontEnd, postProving, unsentProof } = openProvingCallers(auth));
  key = await newSenderKey();
  thumbprint = await calculateJwkThumbprint(await exportJWK(key.publicKey));
  const issuer = new URL(auth.issuer);
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  server = await oauth.processDiscoveryResponse(issuer, found);
});
afterAll(() => auth.close());

const web: oauth.Client = { client_id: 'web' };
// oxlint-disable-next-line typescript/no-deprecated -- its authors' way of saying "for development only", which a test is
const insecure = { [oauth.allowInsecureRequests]: true };

const refreshForm = (refreshToken: string) => ({
  grant_type: 'refresh_token',
  client_id: 'web',
  resource: 'payments',
  refresh_token: refreshToken,
});

test('who signs in with a proof gets tokens that are bound to its key, and fit their budget (OSB-06)', async () => {
  const { accessTokens } = await frontEnd(key).signIn.mutate(ada);
  for (const { token } of Object.values(accessTokens)) {
    expect(claimsOf(token)['cnf']).toEqual({ jkt: thumbprint });
    expect(token.length).toBeLessThanOrEqual(512 + 88);
  }
  const { accessTokens: unbound } = await frontEnd().signIn.mutate(ada);
  expect(claimsOf(unbound['payments']?.token)['cnf']).toBeUndefined();
});

test('a bound access token is worth nothing without its key, or with another (OSB-06, DPP-02)', async () => {
  const { accessTokens } = await frontEnd(key).signIn.mutate(ada);
  const token = accessTokens['auth']?.token;
  expect(await frontEnd(key, token).sessions.list.query()).toContainEqual(expect.objectContaining({ current: true }));
  const stolen = { status: 401, reason: 'invalid_token' };
  expect(await refusalOf(frontEnd(undefined, token).sessions.list.query())).toMatchObject(stolen);
  expect(await refusalOf(frontEnd(await newSenderKey(), token).sessions.list.query())).toMatchObject(stolen);
  expect(await refusalOf(frontEnd(undefined, token).sessions.endOthers.mutate())).toMatchObject(stolen);
});

test('a refresh token of a front end is bound to the key that it was given to: with another it is an invalid grant (DPP-04)', async () => {
  const thief = await newSenderKey();
  const { refreshToken } = await frontEnd(key).signIn.mutate(grace);
  expect((await postProving(thief, refreshForm(refreshToken))).json).toMatchObject({ error: 'invalid_grant' });
  const unproven = await auth.post('/oauth/token', refreshForm(refreshToken));
  expect([unproven.status, unproven.json['error']]).toEqual([400, 'invalid_grant']);
  for (const sender of [thief, undefined]) {
    const stolen = { status: 401, reason: 'invalid_token' };
    expect(await refusalOf(frontEnd(sender).refresh.mutate({ refreshToken }))).toMatchObject(stolen);
    expect(await refusalOf(frontEnd(sender).stepUp.mutate({ refreshToken, code: '000000' }))).toMatchObject(stolen);
  }
  // Nobody's try cost its owner anything.
  const { status, json } = await postProving(key, refreshForm(refreshToken));
  expect([status, json['token_type']]).toEqual([200, 'DPoP']);
  expect(claimsOf(json['access_token'])['cnf']).toEqual({ jkt: thumbprint });
  const next = await frontEnd(key).refresh.mutate({ refreshToken: String(json['refresh_token']) });
  expect(claimsOf(next.accessTokens['catalog']?.token)['cnf']).toEqual({ jkt: thumbprint });
});

test('a step-up needs the key too, and leaves the session bound to it (DPP-04)', async () => {
  const { refreshToken } = await frontEnd(key).signIn.mutate(ada);
  const code = auth.codeOf(adaSeed);
  expect(await refusalOf(frontEnd().stepUp.mutate({ refreshToken, code }))).toMatchObject({ reason: 'invalid_token' });
  const { session, accessTokens } = await frontEnd(key).stepUp.mutate({ refreshToken, code });
  expect(session.acr).toBe('aal2');
  expect(claimsOf(accessTokens['payments']?.token)['cnf']).toEqual({ jkt: thumbprint });
});

test('a family that was free is bound to the first key that refreshes it (DPP-04)', async () => {
  const { refreshToken } = await frontEnd().signIn.mutate(grace);
  const bound = await postProving(key, refreshForm(refreshToken));
  expect(bound.json).toMatchObject({ token_type: 'DPoP' });
  const again = await auth.post('/oauth/token', refreshForm(String(bound.json['refresh_token'])));
  expect(again.json).toMatchObject({ error: 'invalid_grant' });
});

test('oauth4webapi learns the nonce by a use_dpop_nonce answer and gets bound tokens by refresh and client credentials (DPP-05)', async () => {
  expect(server.dpop_signing_alg_values_supported).toEqual(['ES256', 'Ed25519', 'EdDSA']);
  const pair = await oauth.generateKeyPair('ES256');
  const jkt = await calculateJwkThumbprint(await exportJWK(pair.publicKey));

  const DPoP = oauth.DPoP(web, pair);
  const { refreshToken } = await frontEnd().signIn.mutate(grace);
  const refresh = async () => {
    const options = { DPoP, additionalParameters: { resource: 'payments' }, ...insecure };
    const response = await oauth.refreshTokenGrantRequest(server, web, oauth.None(), refreshToken, options);
    return oauth.processRefreshTokenResponse(server, web, response);
  };
  const error = await refresh().catch((thrown: unknown) => thrown);
  expect(oauth.isDPoPNonceError(error)).toBe(true);
  // The refusal spent nothing: the same refresh token works.
  const refreshed = await refresh();
  expect(refreshed.token_type).toBe('dpop');
  expect(claimsOf(refreshed.access_token)['cnf']).toEqual({ jkt });

  const payments: oauth.Client = { client_id: 'payments' };
  const own = oauth.DPoP(payments, pair);
  const { privateKey, kid } = auth.keys.payments;
  const assertionKey = await crypto.subtle.importKey(
    'pkcs8',
    new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' })),
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign'],
  );
  const credentials = async () => {
    const proof = oauth.PrivateKeyJwt({ key: assertionKey, kid });
    const parameters = { audience: 'catalog', scope: 'catalog:read' };
    const response = await oauth.clientCredentialsGrantRequest(server, payments, proof, parameters, {
      DPoP: own,
      ...insecure,
    });
    return oauth.processClientCredentialsResponse(server, payments, response);
  };
  const granted = await credentials().catch((thrown: unknown) => {
    if (oauth.isDPoPNonceError(thrown)) return credentials();
    throw thrown;
  });
  expect(granted.token_type).toBe('dpop');
  expect(claimsOf(granted.access_token)).toMatchObject({ sub: 'payments', cnf: { jkt } });

  const resource = new URL(`${auth.issuer}/trpc/sessions.list`);
  const { accessTokens } = await frontEnd().signIn.mutate(ada);
  // A bearer token under the other scheme.
  const unbound = await oauth
    .protectedResourceRequest(String(accessTokens['auth']?.token), 'GET', resource, undefined, undefined, {
      DPoP,
      ...insecure,
    })
    .catch((thrown: unknown) => thrown);
  expect(unbound).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
});

test('a front end with a sender key stays signed in by itself, and nothing that it holds is worth anything elsewhere (OSB-06)', async () => {
  const held: (TokenSet | undefined)[] = [];
  const store: TokenStore = { read: () => undefined, write: (tokens) => void held.push(tokens) };
  const urls = { auth: auth.issuer, catalog: auth.issuer, payments: auth.issuer };
  type House = { auth: AuthRouter; catalog: AuthRouter; payments: AuthRouter };
  const client = createSallyportClient<House>({ urls, senderKey: key, store });
  await client.signIn(ada);
  await Promise.all(Array.from({ length: 8 }, () => client.auth.sessions.list.query()));
  const { refreshToken, accessTokens } = held.at(-1) ?? {};
  const token = accessTokens?.['auth']?.token;
  expect(await refusalOf(frontEnd(undefined, token).sessions.list.query())).toMatchObject({ reason: 'invalid_token' });
  const stolen = await auth.post('/oauth/token', refreshForm(String(refreshToken)));
  expect(stolen.json).toMatchObject({ error: 'invalid_grant' });
  await client.signOut();
});

test('an introspection answer says what a token is bound to, and that it is no bearer token', async () => {
  const { accessTokens } = await frontEnd(key).signIn.mutate(ada);
  const token = accessTokens['payments']?.token ?? '';
  const bound = await auth.postAs('payments', '/oauth/introspect', { token });
  expect(bound.json).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: thumbprint } });
  const { accessTokens: free } = await frontEnd().signIn.mutate(ada);
  const unbound = await auth.postAs('payments', '/oauth/introspect', { token: free['payments']?.token ?? '' });
  expect(unbound.json).toMatchObject({ active: true, token_type: 'Bearer' });
  expect(unbound.json['cnf']).toBeUndefined();
});

test('a proof that one instance of the authority has taken is refused by another (DPP-03)', async () => {
  const { databaseUrl, keyEncryptionKey } = auth.preparation;
  const { issuer, authority } = auth;
  const opened = await openAuthority({ issuer, databaseUrl, keyEncryptionKey, log: authority.log, now: auth.now });
  const second = await serveAuth({ port: 0, host: '127.0.0.1', opened });
  try {
    // Caught on its way: the form and the proof that went with it.
    const caught: RequestInit[] = [];
    const send = provingFetch(
      key,
      (input, init) => {
        caught.push(init ?? {});
        return fetch(input, init);
      },
      auth.now,
    );
    const form = async () => {
      const proof = { client_assertion_type: assertionType, client_assertion: await auth.assertion('payments') };
      return new URLSearchParams({ grant_type: 'client_credentials', audience: 'catalog', ...proof });
    };
    const body = await form();
    expect((await send(`${issuer}/oauth/token`, { method: 'POST', body })).status).toBe(200);
    const headers = { DPoP: new Headers(caught.at(-1)?.headers).get('DPoP') ?? '' };
    for (const url of [issuer, second.url]) {
      const replayed = await fetch(`${url}/oauth/token`, { method: 'POST', headers, body: await form() });
      expect([replayed.status, parseObject(await replayed.text())]).toEqual([
        400,
        { error: 'invalid_dpop_proof', error_description: someText },
      ]);
    }
    // Sixteen at once, at both: one is taken.
    const nonce = await authority.proofs.nextNonce();
    const fresh = await unsentProof(key, nonce);
    const answers = await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        const url = index % 2 === 0 ? issuer : second.url;
        return (await fetch(`${url}/oauth/token`, { method: 'POST', headers: { DPoP: fresh }, body: await form() }))
          .status;
      }),
    );
    expect(answers.filter((status) => status === 200)).toHaveLength(1);
  } finally {
    await second.close();
  }
});

test('a proof for another address, or another method, gets no tokens (DPP-01)', async () => {
  const proof = await unsentProof(key, await auth.authority.proofs.nextNonce());
  const elsewhere = await fetch(`${auth.issuer}/trpc/signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', DPoP: proof },
    body: JSON.stringify(ada),
  });
  expect(elsewhere.status).toBe(401);
  expect(elsewhere.headers.get('www-authenticate')).toContain('DPoP realm="sallyport", error="invalid_dpop_proof"');
});

test('a client that is registered for bound tokens gets no others, by whatever way', async () => {
  const { database } = auth.authority;
  const { refreshToken } = await frontEnd().signIn.mutate(grace);
  const form = { grant_type: 'client_credentials', audience: 'catalog', scope: 'catalog:read' };
  const constrain = (senderConstraint: 'none' | 'dpop') =>
    database.update(clients).set({ senderConstraint }).where(eq(clients.kind, clients.kind));
  await constrain('dpop');
  try {
    const refused = { status: 401, reason: 'invalid_dpop_proof' };
    expect(await refusalOf(frontEnd().signIn.mutate(ada))).toMatchObject(refused);
    expect(await refusalOf(frontEnd().refresh.mutate({ refreshToken }))).toMatchObject(refused);
    const unproven = await auth.post('/oauth/token', refreshForm(refreshToken));
    expect(unproven.json).toMatchObject({ error: 'invalid_dpop_proof' });
    expect((await auth.postAs('payments', '/oauth/token', form)).json).toMatchObject({ error: 'invalid_dpop_proof' });
    const signedIn = await frontEnd(key).signIn.mutate(ada);
    expect(claimsOf(signedIn.accessTokens['payments']?.token)['cnf']).toEqual({ jkt: thumbprint });
  } finally {
    await constrain('none');
  }
});

test('while the table of used proofs does not answer, nobody is refused and nobody is let in', async () => {
  await auth.operator.query('ALTER TABLE used_proofs RENAME TO used_proofs_gone');
  try {
    expect(await refusalOf(frontEnd(key).signIn.mutate(ada))).toMatchObject({ status: 503 });
    const { refreshToken } = await frontEnd().signIn.mutate(grace);
    const { status, json } = await postProving(key, refreshForm(refreshToken));
    expect([status, json['error']]).toEqual([503, 'temporarily_unavailable']);
  } finally {
    await auth.operator.query('ALTER TABLE used_proofs_gone RENAME TO used_proofs');
  }
  expect(await auth.authority.database.$count(usedProofs)).toBeGreaterThan(0);
});
