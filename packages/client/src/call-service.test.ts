import { makeConsistencyToken, type Trace } from '@sallyport/auth';
import { afterEach, beforeEach, expect, expectTypeOf, test } from 'vitest';
import { clientKey, listenForServices, openServicePeer, type PricesRouter } from './service-testing-peer.ts';
import { AuthorityRefused, callService, isUnavailable, openServiceClient, reasonOf, type Hop } from './service.ts';

const { privateKey } = await clientKey();
const trace: Trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };

let opened: ReturnType<typeof openServicePeer>;
let network: Awaited<ReturnType<typeof listenForServices>>;

beforeEach(async () => {
  opened = openServicePeer();
  network = await listenForServices(opened);
});
afterEach(() => network.close());

function open() {
  const service = openServiceClient({ issuer: network.url, clientId: 'payments', privateKey });
  const prices = callService<PricesRouter>({ service, url: network.url, audience: 'catalog', scope: 'catalog:read' });
  return { service, prices };
}

const request = (remainingMs: number, signal = new AbortController().signal): Hop['request'] => ({
  trace,
  signal,
  remainingMs: () => remainingMs,
  consistency: { kind: 'none' },
});

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no failure',
    (error: unknown) => error,
  );

test('a hop carries this service’s token, the transaction token, the trace and what is left of the deadline', async () => {
  const { service, prices } = open();
  const transaction = await service.exchange({ subjectToken: 'user-token', scope: 'catalog:read', context: {} });
  const answer = await prices({ request: request(2500.7), transaction }).price.query({ product: 'p1' });
  expectTypeOf(answer).toEqualTypeOf<{ product: string; amount: string }>();
  expect(answer).toEqual({ product: 'p1', amount: '1999' });
  expect(opened.peer.calls[0]).toMatchObject({
    authorization: 'Bearer token-2',
    'txn-token': 'token-1',
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    'request-timeout-ms': '2500',
  });
  expect(opened.peer.forms[1]?.get('audience')).toBe('catalog');
});

test('a consistency token crosses as it came; without one, none does', async () => {
  const { prices } = open();
  const token = makeConsistencyToken(4711);
  const consistency = { kind: 'token', token, position: 4711 } as const;
  await prices({ request: { ...request(2500), consistency } }).price.query({ product: 'p1' });
  await prices({ request: request(2500) }).price.query({ product: 'p1' });
  expect(opened.peer.calls.map((headers) => headers['consistency-token'])).toEqual([token, undefined]);
});

test('the user’s own token never crosses (TTS-11)', async () => {
  const { service, prices } = open();
  const transaction = await service.exchange({ subjectToken: 'user-token', scope: 'catalog:read', context: {} });
  await prices({ request: request(2500), transaction }).price.query({ product: 'p1' });
  expect(JSON.stringify(opened.peer.calls)).not.toContain('user-token');
});

test('a call ends with its deadline, and nothing is sent when the time is over', async () => {
  opened.peer.waits = () => new Promise(() => {});
  const { prices } = open();
  expect(isUnavailable(await failureOf(prices({ request: request(50) }).price.query({ product: 'p1' })))).toBe(true);
  expect(opened.peer.calls).toHaveLength(1);
  expect(isUnavailable(await failureOf(prices({ request: request(0) }).price.query({ product: 'p1' })))).toBe(true);
  expect(opened.peer.calls).toHaveLength(1);
});

test('a call ends when the caller of the request goes away', async () => {
  const caller = new AbortController();
  opened.peer.waits = () => {
    caller.abort();
    return new Promise(() => {});
  };
  await expect(
    open()
      .prices({ request: request(5000, caller.signal) })
      .price.query({ product: 'p1' }),
  ).rejects.toThrow('aborted');
});

test('outage and decision are told apart', async () => {
  const { prices } = open();
  const call = () => failureOf(prices({ request: request(5000) }).price.query({ product: 'p1' }));
  opened.peer.refusedTokens.add('token-1').add('token-2');
  const decided = await call();
  expect([isUnavailable(decided), reasonOf(decided)]).toEqual([false, 'invalid_token']);

  opened.peer.answerToken = (response) => response.writeHead(401).end('{"error":"invalid_client"}');
  opened.peer.refusedTokens.add('token-3');
  const refused = await failureOf(
    open()
      .prices({ request: request(5000) })
      .price.query({ product: 'p1' }),
  );
  expect(isUnavailable(refused)).toBe(false);
  expect(refused).toMatchObject({ cause: new AuthorityRefused('invalid_client', 401) });

  network.close();
  expect(isUnavailable(await call())).toBe(true);
});
