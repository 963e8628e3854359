import { createServer } from 'node:http';
import { systemClock } from '@sallyport/auth';
import { jwtVerify } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientKey, listenForServices, openServicePeer, type PricesRouter } from './service-testing-peer.ts';
import {
  AuthorityRefused,
  AuthorityUnavailable,
  callService,
  isUnavailable,
  openServiceClient,
  type ServiceClientOptions,
} from './service.ts';
import { listenAnywhere } from './testing-server.ts';

const keys = await clientKey();

let opened: ReturnType<typeof openServicePeer>;
let network: Awaited<ReturnType<typeof listenForServices>>;

beforeEach(async () => {
  opened = openServicePeer();
  network = await listenForServices(opened);
});
afterEach(() => network.close());

function open(options: Partial<ServiceClientOptions> = {}) {
  return openServiceClient({ issuer: network.url, clientId: 'payments', privateKey: keys.privateKey, ...options });
}

test('however many wait for a service token, it is asked for once', async () => {
  const service = open();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => service.token('catalog', 'catalog:read')));
  expect(new Set(tokens).size).toBe(1);
  expect(await service.token('catalog', 'catalog:read')).toBe(tokens[0]);
  expect(opened.peer.forms).toHaveLength(1);
  expect(await service.token('auth', 'introspect')).not.toBe(tokens[0]);
});

test('a service token is renewed in the last fifth of its life, and an outage then harms nobody', async () => {
  let nowMs = 0;
  const service = open({ clock: { ...systemClock, monotonicMs: () => nowMs } });
  const first = await service.token('auth', 'introspect');
  const answer = opened.peer.answerToken;
  opened.peer.answerToken = (response) => response.writeHead(503).end();
  nowMs = 241_000;
  expect(await service.token('auth', 'introspect')).toBe(first);
  await expect.poll(() => opened.peer.forms.length).toBe(2);

  nowMs = 291_000;
  await expect(service.token('auth', 'introspect')).rejects.toThrow(AuthorityUnavailable);
  opened.peer.answerToken = answer;
  expect(await service.token('auth', 'introspect')).not.toBe(first);
});

test('the service proves itself by a signed assertion for this issuer alone, each used once', async () => {
  const service = open();
  await service.token('catalog', 'catalog:read');
  await service.token('auth', 'introspect');
  const [form, other] = opened.peer.forms;
  const { client_assertion: assertion = '', ...rest } = Object.fromEntries(form ?? []);
  expect(rest).toEqual({
    grant_type: 'client_credentials',
    audience: 'catalog',
    scope: 'catalog:read',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  const { payload, protectedHeader } = await jwtVerify(assertion, keys.publicKey);
  expect(protectedHeader).toEqual({ alg: 'ES256', kid: 'k1', typ: 'JWT' });
  expect(payload).toMatchObject({ iss: 'payments', sub: 'payments', aud: network.url });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  const second = await jwtVerify(other?.get('client_assertion') ?? '', keys.publicKey);
  expect(second.payload.jti).not.toBe(payload.jti);
});

test('an exchange says what RFC 8693 and the transaction-token draft ask for', async () => {
  const token = await open().exchange({
    subjectToken: 'user-token',
    scope: 'payments:write',
    context: { product: 'p1', amount: '1999' },
  });
  expect(token).toBe('token-1');
  const { client_assertion: _, request_details: details, ...form } = Object.fromEntries(opened.peer.forms[0] ?? []);
  expect(form).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
    audience: 'sallyport',
    scope: 'payments:write',
    subject_token: 'user-token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  expect(JSON.parse(Buffer.from(details ?? '', 'base64url').toString())).toEqual({ product: 'p1', amount: '1999' });
});

test('an exchange that gives another kind of token gives none', async () => {
  opened.peer.answerToken = (response) =>
    response.end(JSON.stringify({ access_token: 'x', token_type: 'Bearer', expires_in: 300 }));
  const exchange = open().exchange({ subjectToken: 'user-token', scope: 'payments:write', context: {} });
  await expect(exchange).rejects.toThrow(AuthorityUnavailable);
});

test('an OAuth error is a refusal', async () => {
  opened.peer.answerToken = (response) => response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }));
  const refused = open().exchange({ subjectToken: 'user-token', scope: 'payments:write', context: {} });
  await expect(refused).rejects.toEqual(new AuthorityRefused('invalid_grant', 400));
});

test.for([
  ['a 503', 503, '{"error":"temporarily_unavailable"}'],
  ['a 429', 429, '{"error":"slow_down"}'],
  ['a page of HTML', 200, '<html>'],
  ['a 200 without a token', 200, '{}'],
  ['a 404 of somebody else', 404, '{"message":"no such page"}'],
] as const)('%s from the token endpoint is an outage, not a refusal', async ([, status, body]) => {
  opened.peer.answerToken = (response) => response.writeHead(status).end(body);
  await expect(open().token('auth', 'introspect')).rejects.toThrow(AuthorityUnavailable);
});

test('an authority that cannot be reached, or does not answer in time, is an outage', async () => {
  opened.peer.answerToken = () => {};
  await expect(open({ answerWithinMs: 20 }).token('auth', 'introspect')).rejects.toThrow(AuthorityUnavailable);
  network.close();
  await expect(open().token('auth', 'introspect')).rejects.toThrow(AuthorityUnavailable);
});

test('an answer that is longer than what is taken is an outage, whoever gave it', async () => {
  const long = 'x'.repeat(2000);
  const service = open({ maxAnswerBytes: 1000 });
  const prices = callService<PricesRouter>({ service, url: network.url, audience: 'catalog', scope: 'catalog:read' });
  const signal = AbortSignal.timeout(5000);
  const question = { tokenId: 't', session: 's', subject: 'u', client: 'c' };
  const call = (sampled: boolean) => {
    const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled };
    const request = { trace, signal, remainingMs: () => 5000, consistency: { kind: 'none' } } as const;
    return prices({ request }).price.query({ product: long });
  };
  opened.peer.introspect = async () => [{ active: true, authTime: 1, acr: 'aal1', answeredAt: 2, more: long }];
  opened.peer.rules = async () => ({ ruleSet: { version: 1, more: long } });
  opened.peer.answerPosition = async () => ({ position: 0, place: '0', more: long });
  const failures = await Promise.all(
    [
      service.authority([question], signal),
      service.policy(signal),
      service.feed.askPosition(signal),
      call(true),
      call(false),
    ].map((answer) => answer.catch((error: unknown) => error)),
  );
  expect(failures.map(isUnavailable)).toEqual([true, true, true, true, true]);
  opened.peer.answerToken = (response) =>
    response.end(JSON.stringify({ access_token: 'x', expires_in: 300, more: long }));
  await expect(service.token('other', 'any')).rejects.toThrow(AuthorityUnavailable);
  // With room for it, each is an answer.
  expect(await open().token('other', 'any')).toBe('x');
  expect(await open().policy(signal)).toMatchObject({ version: 1 });
});

test('a redirect of the token endpoint is not followed', async () => {
  let followed = 0;
  const elsewhere = await listenAnywhere(createServer((_, response) => response.end(String((followed += 1)))));
  opened.peer.answerToken = (response) => response.writeHead(307, { location: elsewhere.url }).end();
  await expect(open().token('auth', 'introspect')).rejects.toThrow(AuthorityUnavailable);
  expect(followed).toBe(0);
  elsewhere.close();
});

test('a key that cannot sign stops the service from starting', () => {
  const { d: _, ...publicKey } = keys.privateKey;
  expect(() => open({ privateKey: publicKey })).toThrow('private EC P-256 JWK');
  expect(() => open({ privateKey: { ...keys.privateKey, kid: undefined } as never })).toThrow('kid');
});
