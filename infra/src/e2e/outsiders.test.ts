import { testServerVariable } from '@sallyport/db/testing';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearing, type Device } from '../device.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import { newPerson, someAgreement, type Person } from '../testing/person.ts';
import { refusal } from '../testing/refused.ts';
import { startTestSystem } from '../testing/system.ts';

let system: TemporarySystem;
let ann: Person;
let ben: Person;

beforeAll(async () => {
  system = await startTestSystem();
  ann = await newPerson(system.urls);
  ben = await newPerson(system.urls);
});

afterAll(() => system.close());

async function subjectOf(device: Device): Promise<string> {
  return (await device.tokens()).session.subject;
}

/** A transaction token as the authority would make it, but for its signature. */
async function forgedTransaction(subject: string): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256');
  return new SignJWT({
    scope: 'catalog:read payments:write',
    txn: 'x'.repeat(16),
    sid: 'a.xxxxxxxxxxxxxxxx',
    req_wl: 'payments',
    tctx: {},
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'txntoken+jwt', kid: 'forged' })
    .setIssuer(system.urls.auth)
    .setAudience('sallyport')
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('60s')
    .sign(privateKey);
}

test('a token for one service is worth nothing at another', async () => {
  const tokens = await ann.device.tokens();
  const agreement = await someAgreement(ann.device);
  const payments = ann.device.raw('payments', { ...bearing(tokens, 'catalog'), 'idempotency-key': 'wrong-audience' });
  expect(await refusal(payments.pay.mutate(agreement))).toEqual({ status: 401, reason: 'invalid_token' });
  expect(await refusal(payments.balance.query())).toEqual({ status: 401, reason: 'invalid_token' });
  const catalog = ann.device.raw('catalog', bearing(tokens, 'payments'));
  expect(await refusal(catalog.products.mine.query({}))).toEqual({ status: 401, reason: 'invalid_token' });
});

test('identity headers make nobody somebody, and nobody somebody else', async () => {
  const subject = await subjectOf(ben.device);
  const forged = {
    'txn-token': await forgedTransaction(subject),
    'x-user-id': subject,
    'x-subject': subject,
    'x-forwarded-user': subject,
    'x-auth-request-user': subject,
    'remote-user': subject,
  };
  expect(await refusal(ann.device.raw('payments', forged).balance.query())).toMatchObject({ status: 401 });
  expect(await refusal(ann.device.raw('catalog', forged).products.mine.query({}))).toMatchObject({ status: 401 });

  const tokens = await ann.device.tokens();
  const own = await ann.device.raw('payments', bearing(tokens, 'payments')).statement.query({});
  const withForged = await ann.device
    .raw('payments', { ...forged, ...bearing(tokens, 'payments') })
    .statement.query({});
  expect(withForged).toEqual(own);
});

test('what only services may ask is refused to people, with a transaction token or without', async () => {
  const tokens = await ann.device.tokens();
  const { productId } = await someAgreement(ann.device);
  const forged = { 'txn-token': await forgedTransaction(await subjectOf(ann.device)) };
  for (const headers of [bearing(tokens, 'catalog'), { ...bearing(tokens, 'catalog'), ...forged }, forged, {}]) {
    const outcome = await refusal(ann.device.raw('catalog', headers).products.quote.query({ productId }));
    expect([401, 403]).toContain(Object(outcome).status);
  }
  const auth = ann.device.raw('auth', bearing(tokens, 'auth'));
  const question = {
    tokenId: 'x'.repeat(16),
    session: tokens.session.id,
    subject: tokens.session.subject,
    client: 'web',
  };
  expect(await refusal(auth.internal.introspect.query({ questions: [question] }))).toMatchObject({ status: 403 });
});

test('nothing secret stands in any log line of any service', async () => {
  const password = 'canary-of-a-wrong-password';
  const { credentials, seed, device } = ann;
  const tokens = await device.tokens();
  await refusal(device.raw('auth').signIn.mutate({ email: credentials.email, password }));
  await refusal(device.raw('auth').refresh.mutate({ refreshToken: password }));
  await device.client.payments.pay.mutate(await someAgreement(device));
  await sendCarelessly(tokens.refreshToken, bearing(tokens, 'payments').authorization);

  const secrets = [
    password,
    credentials.password,
    seed,
    tokens.refreshToken,
    ...Object.values(tokens.accessTokens).flatMap(({ token }) => [token, token.split('.')[2] ?? token]),
    system.secrets.keyEncryptionKey,
    ...Object.values(system.secrets.clientKeys).map(({ d }) => d),
    new URL(process.env[testServerVariable] ?? '').password,
  ];
  expect(system.log.lines.length).toBeGreaterThan(50);
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10);
    expect(system.log.lines.filter(({ text }) => text.includes(secret))).toEqual([]);
  }
});

/** Secrets where no secret belongs: in addresses, in other headers, in bodies that are not read. */
async function sendCarelessly(refreshToken: string, authorization: string): Promise<void> {
  const json = { 'content-type': 'application/json' };
  for (const url of Object.values(system.urls)) {
    await fetch(`${url}/trpc/nowhere?input=${encodeURIComponent(JSON.stringify({ refreshToken }))}`);
    await fetch(`${url}/trpc/${refreshToken}`, {
      headers: { authorization: authorization.replace('Bearer', 'bearer  ') },
    });
    await fetch(`${url}/trpc/signIn`, {
      method: 'POST',
      headers: { ...json, 'x-token': authorization },
      body: `{"password": ${refreshToken}`,
    });
    await fetch(`${url}/trpc/signIn`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ [refreshToken]: authorization }),
    });
  }
}
