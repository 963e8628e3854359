import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { readAuthorization, type OpaqueToken } from './bearer-token.ts';
import { opaqueTokenVerifier } from './endpoint-verifiers.ts';
import { heldClock } from './testing.ts';
import { tokenIntrospection, type TokenIntrospectionOptions } from './token-introspection.ts';

const clock = heldClock();
const now = clock.epochSeconds();
const active = {
  active: true,
  aud: 'payments',
  sub: 'ada',
  client_id: 'web',
  token_type: 'Bearer',
  exp: now + 60,
};

type Question = Readonly<{ method: string | undefined; headers: IncomingMessage['headers']; form: URLSearchParams }>;
type Answer = (response: ServerResponse, question: Question) => void;

const json: Answer = (response) => {
  response.setHeader('content-type', 'application/json; charset=utf-8').end(JSON.stringify(active));
};

const servers: (() => void)[] = [];
afterEach(() => {
  for (const close of servers.splice(0)) close();
});

/** An introspection endpoint over real HTTP that answers as the test says, and remembers what it was asked. */
async function openEndpoint(answer: Answer = json) {
  const questions: Question[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { method, headers } = request;
      const question = { method, headers, form: new URLSearchParams(body) };
      questions.push(question);
      answer(response, question);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/introspect`, questions };
}

type Options = Partial<TokenIntrospectionOptions> & Pick<TokenIntrospectionOptions, 'url'>;

function introspection(options: Options) {
  return tokenIntrospection({
    issuer: 'https://partner.test',
    audience: 'payments',
    audienceLists: false,
    acr: {},
    credentials: { clientId: 'payments', clientSecret: 'secret' },
    clock,
    ...options,
  });
}

function opaque(text: string): OpaqueToken {
  const authorization = readAuthorization([`Bearer ${text}`]);
  if (authorization.kind !== 'opaque') throw new Error('not opaque');
  return authorization.token;
}

test('the token is asked about in a form, by a client that says who it is', async () => {
  const { url, questions } = await openEndpoint();
  expect(await introspection({ url })(opaque('a+b/c~d=='))).toMatchObject({ outcome: 'active' });
  const [question] = questions;
  expect(question?.method).toBe('POST');
  expect(question?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  expect(question?.headers.authorization).toBe(`Basic ${btoa('payments:secret')}`);
  expect(Object.fromEntries(question?.form ?? [])).toEqual({ token: 'a+b/c~d==', token_type_hint: 'access_token' });
});

test('both halves of client_secret_basic are form-encoded (RFC 6749 §2.3.1)', async () => {
  const { url, questions } = await openEndpoint();
  const credentials = { clientId: 'pay:ments', clientSecret: 'a b+c%ü' };
  await introspection({ url, credentials })(opaque('t'));
  expect(questions[0]?.headers.authorization).toBe(`Basic ${btoa('pay%3Aments:a+b%2Bc%25%C3%BC')}`);
});

test('private_key_jwt names the issuer as its one audience, and lives for a minute', async () => {
  const { url, questions } = await openEndpoint();
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const clientKey = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'k1' };
  const ask = introspection({ url, credentials: { clientId: 'payments', clientKey } });
  await ask(opaque('t'));
  await ask(opaque('t'));
  const [first, second] = await Promise.all(
    questions.map(({ form }) =>
      jwtVerify(form.get('client_assertion') ?? '', publicKey, {
        issuer: 'payments',
        subject: 'payments',
        audience: 'https://partner.test',
        currentDate: new Date(now * 1000),
      }),
    ),
  );
  expect(questions[0]?.headers.authorization).toBeUndefined();
  expect(questions[0]?.form.get('client_assertion_type')).toBe(
    'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  );
  expect(first?.payload).toMatchObject({ aud: 'https://partner.test', iat: now, exp: now + 60 });
  expect(first?.protectedHeader).toMatchObject({ alg: 'ES256', kid: 'k1' });
  expect(first?.payload.jti).not.toBe(second?.payload.jti);
});

test('a key without an alg is refused before anything is asked', () => {
  const credentials = { clientId: 'payments', clientKey: { kty: 'EC' } };
  expect(() => introspection({ url: 'https://partner.test', credentials })).toThrow('no alg');
});

const says = (status: number, type: string, body: string): Answer => {
  return (response) => response.writeHead(status, { 'content-type': type }).end(body);
};
const text = JSON.stringify(active);

test.each<[string, Answer]>([
  ['401, because it does not know us', says(401, 'application/json', '{"error":"invalid_client"}')],
  ['500', says(500, 'application/json', text)],
  ['201', says(201, 'application/json', text)],
  ['a page', says(200, 'text/html', text)],
  ['a signed answer (RFC 9701)', says(200, 'application/token-introspection+jwt', 'eyJ.e.s')],
  ['a type that begins like JSON', says(200, 'application/jsonp', text)],
  ['nothing', says(200, 'application/json', '')],
  ['half an object', says(200, 'application/json', text.slice(0, -1))],
  ['a list', says(200, 'application/json', `[${text}]`)],
  ['a repeated member', says(200, 'application/json', text.replace('{', '{"active":false,'))],
  ['active as text', says(200, 'application/json', text.replace('true', '"true"'))],
  ['more than 4096 bytes', says(200, 'application/json', JSON.stringify({ ...active, filler: 'x'.repeat(4096) }))],
  ['a redirect', (response) => response.writeHead(307, { location: '/elsewhere' }).end()],
  ['a connection that ends', (response) => response.destroy()],
  ['no answer at all', () => {}],
  [
    'an answer that never ends',
    (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
  ],
])('%s is an outage, never a "no" (INT-06)', async (_name, answer) => {
  const { url, questions } = await openEndpoint(answer);
  const errors: unknown[] = [];
  const verifier = opaqueTokenVerifier(introspection({ url, deadlineMs: 200 }), {
    clock,
    onUnreachable: (error) => errors.push(error),
  });
  expect(await verifier.verify(opaque('t'))).toEqual({ outcome: 'unknown', reason: 'authority_unreachable' });
  expect(errors).toHaveLength(1);
  expect(questions).toHaveLength(1);
});

test('nobody listening is an outage', async () => {
  const verifier = opaqueTokenVerifier(introspection({ url: 'http://127.0.0.1:1/introspect' }), { clock });
  expect(await verifier.verify(opaque('t'))).toMatchObject({ outcome: 'unknown' });
});

test('a transport that ignores its signal is given up in time', async () => {
  const ask = introspection({ url: 'https://partner.test', deadlineMs: 5, fetch: () => new Promise(() => {}) });
  await expect(ask(opaque('t'))).rejects.toThrow('in time');
});

test('inactive is "revoked", and every question is asked anew', async () => {
  const state = { active: true };
  const { url, questions } = await openEndpoint((response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...active, ...state }));
  });
  const verifier = opaqueTokenVerifier(introspection({ url }), { clock });
  expect(await verifier.verify(opaque('t'))).toMatchObject({ outcome: 'verified', session: { answeredAt: now } });
  state.active = false;
  expect(await verifier.verify(opaque('t'))).toEqual({ outcome: 'refused', reason: 'revoked' });
  expect(questions).toHaveLength(2);
});

test('no more questions than allowed are on the way; those beyond are an outage, and places come free', async () => {
  const waiting: (() => void)[] = [];
  const two = Promise.withResolvers<void>();
  const { url } = await openEndpoint((response, question) => {
    waiting.push(() => json(response, question));
    if (waiting.length === 2) two.resolve();
  });
  const ask = introspection({ url, maxUnderWay: 2, deadlineMs: 5000 });
  const first = [ask(opaque('a')), ask(opaque('b'))];
  await expect(ask(opaque('c'))).rejects.toThrow('2 questions are on the way');
  await two.promise;
  for (const answer of waiting.splice(0)) answer();
  expect(await Promise.all(first)).toMatchObject([{ outcome: 'active' }, { outcome: 'active' }]);
  const next = ask(opaque('c'));
  await expect.poll(() => waiting.length).toBe(1);
  waiting[0]?.();
  expect(await next).toMatchObject({ outcome: 'active' });
});

test('a token whose issuer gives it no jti is named by its digest, never by its text', async () => {
  const { url } = await openEndpoint();
  const ask = introspection({ url });
  const [one, same, other] = [await ask(opaque('one')), await ask(opaque('one')), await ask(opaque('other'))];
  expect(one).toEqual(same);
  expect(one).not.toEqual(other);
  expect(JSON.stringify([one, other])).not.toMatch(/"one"|"other"/);
});
