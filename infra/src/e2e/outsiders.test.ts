import { randomBytes } from 'node:crypto';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearing, type Device } from '../device.ts';
import { newPerson, someAgreement, type Person } from '../testing/person.ts';
import { sendBytes } from '../testing/raw-http.ts';
import { refusal } from '../testing/refused.ts';
import { startTestSystem, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
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

// Every other suite that runs a system does this as well, when it closes it.
test('nothing secret stands in a log, a table or a refusal, and no token crosses into one (LOG-01, TTS-11)', async () => {
  const wrong = randomBytes(18).toString('base64url');
  const { credentials, device } = ann;
  const { refreshToken, ...tokens } = await device.tokens();
  await device.client.payments.pay.mutate(await someAgreement(device));
  await refusal(device.raw('auth').signIn.mutate({ email: credentials.email, password: wrong }));
  await refusal(device.raw('auth').refresh.mutate({ refreshToken: wrong }));
  await sendCarelessly(refreshToken, bearing({ refreshToken, ...tokens }, 'payments').authorization);
  // A refresh token that was rotated away comes again: this is logged, as little of it as there is to say.
  await device.client.auth.sessions.list.query();
  await refusal(device.raw('auth').refresh.mutate({ refreshToken }));
  await refusal(device.raw('auth').refresh.mutate({ refreshToken }));
  // What fails on our side is logged with its error.
  await system.stop('catalog');
  await refusal(device.client.payments.pay.mutate({ productId: crypto.randomUUID(), amount: '1', currency: 'EUR' }));
  await system.start('catalog');

  // System, people, passwords, seeds, and each token that was given.
  expect(system.watch.size()).toBeGreaterThan(15);
  expect(system.log.lines.length).toBeGreaterThan(50);
  expect(await system.secretsFound()).toEqual([]);
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
    await fetch(`${url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: refreshToken,
        refresh_token: refreshToken,
        client_assertion: authorization,
      }),
    });
  }
}

const nasty = [
  '\r\n{"level":"info","msg":"forged"}',
  '\u001b[2J\u001b[31mforged',
  '\u2028forged',
  '\u0085forged',
  '\u202eforged',
  '\u0000forged',
];

test('nothing that is sent in breaks a log line in two, or gets a terminal to obey it (LOG-02)', async () => {
  const before = system.log.lines.length;
  for (const text of nasty) {
    const kid = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: text })).toString('base64url');
    const claims = Buffer.from(JSON.stringify({ iss: system.urls.auth, sub: text, client_id: text })).toString(
      'base64url',
    );
    const authorization = `Bearer ${kid}.${claims}.${'A'.repeat(86)}`;
    await refusal(
      ann.device.raw('auth').signIn.mutate({ email: `a${text}@x.example`, password: 'wrong', clientId: text }),
    );
    for (const url of Object.values(system.urls)) {
      await fetch(`${url}/trpc/${encodeURIComponent(text)}`, { headers: { authorization } });
      const userAgent = text.replaceAll(/[\r\n]/g, '\t');
      await sendBytes(url, `GET /${text} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${userAgent}\r\nConnection: close\r\n\r\n`);
      await fetch(`${url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: text, client_id: text, scope: text, audience: text }),
      });
    }
  }
  const lines = system.log.lines.slice(before);
  expect(lines.length).toBeGreaterThan(nasty.length * 3);
  for (const { text, record } of lines) {
    // oxlint-disable-next-line no-control-regex -- these are the characters that must not be there
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    expect(record).toMatchObject({ level: expect.any(String) });
    expect(record?.msg).not.toBe('forged');
  }
});
