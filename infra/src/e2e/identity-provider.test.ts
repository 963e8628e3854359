import { randomUUID } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openDevice, type Device } from '../device.ts';
import { freePorts } from '../free-ports.ts';
import {
  acrOfPartner,
  partnerClients,
  resources,
  startPartner,
  type RunningPartner,
} from '../testing/foreign-issuer.ts';
import { browse, foreignSignIn } from '../testing/foreign-sign-in.ts';
import { someAgreement } from '../testing/person.ts';
import { refusal } from '../testing/refused.ts';
import { startTestSystem, type TestSystem } from '../testing/system.ts';

/** Somebody of the house, whose subject somebody of the partner's happens to have. */
const adaOfTheHouse = 'u_adaAAAAAAAAAAAAA';
const returnTo = 'http://localhost:5173/signed-in';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

let partner: RunningPartner;
let system: TestSystem;
let gateway: CryptoKey;

beforeAll(async () => {
  const [auth = 0, catalog = 0, payments = 0] = await freePorts(3);
  partner = await startPartner(adaOfTheHouse, `http://127.0.0.1:${auth}/providers/partner/callback`);
  const { issuer } = partner;
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  gateway = privateKey;
  const provider = {
    name: 'partner',
    issuer,
    clientId: partnerClients.authority.id,
    clientSecret: partnerClients.authority.secret,
    newAccounts: true,
    assurance: [{ acr: acrOfPartner.twoFactors, means: 'aal2' }],
    exchange: {
      clients: ['gateway'],
      keySetUrl: `${issuer}/jwks`,
      algorithms: ['RS256'],
      accessTokens: {
        audience: resources.sallyport,
        scopes: { 'shop.read': ['catalog:read'] },
        believeForSeconds: 300,
      },
    },
  };
  system = await startTestSystem({
    ports: { auth, catalog, payments },
    extraSettings: { auth: { IDENTITY_PROVIDERS: JSON.stringify([provider]) } },
    otherClients: [
      {
        clientId: 'gateway',
        kind: 'confidential',
        publicKeys: [{ ...(await exportJWK(publicKey)), kid: 'gateway-1' }],
        grants: [exchangeGrant],
        exchangeTargets: { catalog: ['catalog:read'] },
      },
    ],
  });
});

afterAll(async () => {
  partner.kill();
  await system.close();
});

type Wanted = Readonly<{ acrValues?: 'aal2'; maxAgeSeconds?: number }>;

/** A person's browser and front end together, from "sign in with partner" to the session. */
async function signInWithPartner({ client }: Device, wanted: Wanted = {}) {
  const { url, verifier } = await client.leaveForProvider({ provider: 'partner', returnTo, ...wanted });
  const back = await browse(new URL(url), ({ href }) => href.startsWith(returnTo));
  expect([...back.searchParams.keys()]).toEqual(['code']);
  return client.signInFromProvider({ code: back.searchParams.get('code') ?? '', verifier });
}

test('somebody of another provider signs in here, and pays once the provider vouches for two factors', async () => {
  const device = openDevice(system.urls);
  const weak = await signInWithPartner(device);
  expect(weak).toMatchObject({ acr: 'aal1' });
  // The provider’s subject is a name of its own: nobody of the house comes with it.
  expect(weak.subject).not.toBe(adaOfTheHouse);
  expect(await device.client.catalog.products.mine.query({})).toEqual({ items: [] });
  const topUp = { amount: '100000', currency: 'EUR' } as const;
  const tooWeak = { status: 401, reason: 'insufficient_user_authentication' };
  expect(await refusal(device.client.payments.topUp.mutate(topUp))).toEqual(tooWeak);

  const strong = await signInWithPartner(device, { acrValues: 'aal2', maxAgeSeconds: 300 });
  expect(strong).toMatchObject({ acr: 'aal2', subject: weak.subject });
  await device.client.payments.topUp.mutate(topUp);
  const agreement = await someAgreement(device);
  expect(await device.client.payments.pay.mutate(agreement)).toMatchObject({ kind: 'payment' });
});

test('the provider’s own token is exchanged for one of ours, good at one service until the session ends (TEX-03, TEX-08)', async () => {
  const text = await foreignSignIn(partner.issuer, resources.sallyport);
  const token = await exchange(text);
  const { client, raw } = openDevice(system.urls);
  const headers = { authorization: `Bearer ${token}` };
  expect(await raw('catalog', headers).products.mine.query({})).toEqual({ items: [] });
  expect(await refusal(raw('payments', headers).balance.query())).toEqual({ status: 401, reason: 'invalid_token' });

  await signInWithPartner({ ...openDevice(system.urls), client });
  await client.auth.sessions.end.mutate({ session: String(decodeJwt(token)['sid']) });
  const atOnce = { ...headers, 'consistency-token': client.consistencyToken() ?? '' };
  expect(await refusal(raw('catalog', atOnce).products.mine.query({}))).toEqual({
    status: 401,
    reason: 'invalid_token',
  });
  await expect(exchange(text)).rejects.toThrow('invalid_grant');
});

async function exchange(subjectToken: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({ iss: 'gateway', sub: 'gateway', aud: system.urls.auth, jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'gateway-1' })
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(gateway);
  const body = new URLSearchParams({
    grant_type: exchangeGrant,
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    requested_token_type: accessTokenType,
    audience: 'catalog',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });
  const response = await fetch(`${system.urls.auth}/oauth/token`, { method: 'POST', body });
  const answer = z
    .union([z.object({ access_token: z.string() }), z.object({ error: z.string() })])
    .parse(await response.json());
  if ('error' in answer) throw new Error(answer.error);
  return answer.access_token;
}
