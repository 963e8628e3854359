import { randomUUID } from 'node:crypto';
import type { ForeignIssuer } from '@sallyport/auth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearing, openDevice, type Device } from '../device.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import {
  acrOfPartner,
  partnerClients,
  resources,
  startPartner,
  type RunningPartner,
} from '../testing/foreign-issuer.ts';
import { foreignRevoke, foreignServiceToken, foreignSignIn } from '../testing/foreign-sign-in.ts';
import { newPerson, someAgreement } from '../testing/person.ts';
import { refusal } from '../testing/refused.ts';
import { startTestSystem } from '../testing/system.ts';

/** Somebody of the house, whose subject somebody of the partner's happens to have. */
const adaOfTheHouse = 'u_adaAAAAAAAAAAAAA';

let partner: RunningPartner;
let system: TemporarySystem;
let device: Device;

beforeAll(async () => {
  partner = await startPartner(adaOfTheHouse);
  const { issuer } = partner;
  const atCatalog: ForeignIssuer = {
    issuer,
    name: 'partner',
    audience: resources.catalog,
    signedTokens: { keySetUrl: `${issuer}/jwks`, algorithms: ['RS256'], believeForSeconds: 300 },
  };
  const atPayments: ForeignIssuer = {
    issuer,
    name: 'partner',
    audience: resources.payments,
    acr: { [acrOfPartner.twoFactors]: 'aal2' },
    introspection: {
      url: `${issuer}/token/introspection`,
      clientId: partnerClients.payments.id,
      clientSecret: partnerClients.payments.secret,
      answersFor: ['opaque'],
    },
  };
  system = await startTestSystem({
    extraSettings: {
      catalog: { TRUSTED_ISSUERS: JSON.stringify([atCatalog]) },
      payments: { TRUSTED_ISSUERS: JSON.stringify([atPayments]) },
    },
  });
  device = openDevice(system.urls);
});

afterAll(async () => {
  partner.kill();
  await system.close();
});

const invalid = { status: 401, reason: 'invalid_token' };
const denied = { status: 403, reason: 'access_denied' };
const topUp = { amount: '700', currency: 'EUR' } as const;
const product = {
  name: 'Lamp',
  description: 'It shines.',
  category: 'kitchen',
  amount: '100',
  currency: 'EUR',
} as const;

const catalogWith = (token: string) => device.raw('catalog', { authorization: `Bearer ${token}` }).products;
const paymentsWith = (token: string) =>
  device.raw('payments', { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() });

async function evidence(service: 'catalog' | 'payments'): Promise<readonly (string | undefined)[]> {
  const decisions = await system.log.decisions(device.lastAnswer().traceId, service);
  return decisions.map((decision) => decision.evidence);
}

describe('its JWTs at the local gate', () => {
  test('read as one of its own users, on evidence that says there is no feed', async () => {
    const catalog = catalogWith(await foreignSignIn(partner.issuer, resources.catalog));
    expect(await catalog.mine.query({})).toEqual({ items: [] });
    expect(await evidence('catalog')).toEqual(['degraded']);
    expect((await catalog.list.query({ limit: 1 })).items).toHaveLength(1);
  });

  test('write nothing: it does not answer about JWTs, and these tiers ask', async () => {
    const catalog = catalogWith(await foreignSignIn(partner.issuer, resources.catalog));
    expect(await refusal(catalog.create.mutate(product))).toEqual(denied);
  });

  test('of a client that calls as itself are no user', async () => {
    const catalog = catalogWith(await foreignServiceToken(partner.issuer, resources.catalog));
    expect(await refusal(catalog.mine.query({}))).toEqual(denied);
  });

  test('are worth nothing elsewhere, nor with a change', async () => {
    const token = await foreignSignIn(partner.issuer, resources.catalog);
    expect(await refusal(paymentsWith(token).balance.query())).toEqual(invalid);
    const [header, claims = '', signature] = token.split('.');
    const changed = JSON.stringify({
      ...Object(JSON.parse(Buffer.from(claims, 'base64url').toString())),
      iss: system.urls.auth,
    });
    const forged = [header, Buffer.from(changed).toString('base64url'), signature].join('.');
    expect(await refusal(catalogWith(forged).mine.query({}))).toEqual(invalid);
  });
});

describe('its opaque tokens at the fresh gate', () => {
  test('name a user of its own, though somebody of the house has the same subject', async () => {
    const payments = paymentsWith(await foreignSignIn(partner.issuer, resources.payments));
    expect(await payments.balance.query()).toEqual([]);
    expect(await evidence('payments')).toEqual(['fresh']);
  });

  test('move no money on one factor, and do on two that its configuration knows', async () => {
    const weak = paymentsWith(await foreignSignIn(partner.issuer, resources.payments));
    expect(await refusal(weak.topUp.mutate(topUp))).toEqual({
      status: 401,
      reason: 'insufficient_user_authentication',
    });
    expect(device.lastAnswer().challenge).toContain('error="insufficient_user_authentication"');

    const token = await foreignSignIn(partner.issuer, resources.payments, acrOfPartner.twoFactors);
    expect(await paymentsWith(token).topUp.mutate(topUp)).toMatchObject({ amount: '700', currency: 'EUR' });
    expect(await evidence('payments')).toEqual(['fresh+mfa']);
    expect(await paymentsWith(token).balance.query()).toMatchObject([{ account: 'wallet', balance: '700' }]);
  });

  test('buy nothing: no transaction token carries its users to catalog', async () => {
    const token = await foreignSignIn(partner.issuer, resources.payments, acrOfPartner.twoFactors);
    const order = { productId: randomUUID(), amount: '1', currency: 'EUR' } as const;
    expect(await refusal(paymentsWith(token).pay.mutate(order))).toEqual(denied);
  });

  test('for somebody else, made up, or at a service that knows of none, are refused alike', async () => {
    const elsewhere = await foreignSignIn(partner.issuer, resources.elsewhere);
    expect(await refusal(paymentsWith(elsewhere).balance.query())).toEqual(invalid);
    expect(await refusal(paymentsWith('made-up').balance.query())).toEqual(invalid);
    const token = await foreignSignIn(partner.issuer, resources.payments);
    expect(await refusal(catalogWith(token).mine.query({}))).toEqual(invalid);
  });

  test('are refused at once when they were revoked there', async () => {
    const token = await foreignSignIn(partner.issuer, resources.payments, acrOfPartner.twoFactors);
    await paymentsWith(token).balance.query();
    await foreignRevoke(partner.issuer, token);
    expect(await refusal(paymentsWith(token).balance.query())).toEqual(invalid);
    expect(await refusal(paymentsWith(token).topUp.mutate(topUp))).toEqual(invalid);
  });
});

test("the house's own users are as they were, and nothing of a partner's token or secret is in any log", async () => {
  const person = await newPerson(system.urls);
  const { client } = person.device;
  const tokens = await person.device.tokens();
  expect(await client.payments.pay.mutate(await someAgreement(person.device))).toMatchObject({ kind: 'payment' });
  const balance = await person.device.raw('payments', bearing(tokens, 'payments')).balance.query();
  expect(balance).toMatchObject([{ account: 'wallet', currency: 'EUR' }]);

  const token = await foreignSignIn(partner.issuer, resources.payments);
  await paymentsWith(token).balance.query();
  for (const secret of [token, partnerClients.payments.secret]) {
    expect(system.log.lines.filter(({ text }) => text.includes(secret))).toEqual([]);
  }
});

test("it is gone: its users get 503 where it must be asked, and go on reading; the house's are not touched", async () => {
  const opaque = await foreignSignIn(partner.issuer, resources.payments, acrOfPartner.twoFactors);
  const jwt = await foreignSignIn(partner.issuer, resources.catalog);
  await catalogWith(jwt).mine.query({});
  const person = await newPerson(system.urls);
  partner.kill();

  const unavailable = { status: 503, reason: 'temporarily_unavailable' };
  expect(await refusal(paymentsWith(opaque).balance.query())).toEqual(unavailable);
  expect(await refusal(paymentsWith(opaque).topUp.mutate(topUp))).toEqual(unavailable);
  expect(await catalogWith(jwt).mine.query({})).toEqual({ items: [] });
  expect(await person.device.client.payments.topUp.mutate(topUp)).toMatchObject({ amount: '700' });
});
