import { makeConsistencyToken, openRequest, type Onward, type Trace } from '@sallyport/auth';
import { heldClock, testAuthority, testGates } from '@sallyport/auth/testing';
import { trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { initTRPC } from '@trpc/server';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { clientKey, listenForServices, openServicePeer, type PricesRouter } from './service-testing-peer.ts';
import {
  AuthorityRefused,
  callService,
  isUnavailable,
  openServiceClient,
  reasonOf,
  statusOf,
  type Hop,
} from './service.ts';

const { privateKey } = await clientKey();
/** Calls that are recorded go by `fetch`, the others by undici alone. */
let sampled = false;
const traceNow = (): Trace => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled });

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
  trace: traceNow(),
  signal,
  remainingMs: () => remainingMs,
  consistency: { kind: 'none' },
});

/** Its answer, when it does not fail. */
const failureOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

describe.each([
  ['recorded', true],
  ['not recorded', false],
])('a call that is %s', (_, isRecorded) => {
  beforeEach(() => {
    sampled = isRecorded;
  });

  test('a hop carries this service’s token, the transaction token, the trace and what is left of the deadline', async () => {
    const { service, prices } = open();
    const transaction = await service.exchange({ subjectToken: 'user-token', scope: 'catalog:read', context: {} });
    const answer = await prices({ request: request(2500.7), transaction }).price.query({ product: 'p1' });
    expectTypeOf(answer).toEqualTypeOf<{ product: string; amount: string }>();
    expect(answer).toEqual({ product: 'p1', amount: '1999' });
    expect(opened.peer.calls[0]).toMatchObject({
      authorization: 'Bearer token-2',
      'txn-token': 'token-1',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-0${sampled ? 1 : 0}`,
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
    const { prices } = open();
    const call = (remainingMs: number) =>
      failureOf(prices({ request: request(remainingMs) }).price.query({ product: 'p1' }));
    const over = await call(0);
    expect(over).toMatchObject({ cause: { name: 'TimeoutError', message: 'The time for this request is over.' } });
    expect(isUnavailable(over)).toBe(true);
    // Without the time that a first connection and a service token take: it is not this test's.
    expect(await call(5000)).toMatchObject({ amount: '1999' });
    expect(opened.peer.calls).toHaveLength(1);
    opened.peer.waits = () => new Promise(() => {});
    expect(isUnavailable(await call(50))).toBe(true);
  });

  test('a call that was answered leaves no timer of its deadline behind', async () => {
    const { prices } = open();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const call = () => prices({ request: request(60_000) }).price.query({ product: 'p1' });
    await call();
    const before = timers();
    for (let turn = 0; turn < 5; turn += 1) await call();
    expect(timers()).toBeLessThan(before + 5);
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

  test('a mutation crosses with its input, or without one, and a decision comes back as it was made', async () => {
    const { prices } = open();
    const ordering = prices({ request: request(5000) });
    expect(await ordering.order.mutate({ product: 'p1' })).toEqual({ ordered: 'p1' });
    expect(await ordering.order.mutate()).toEqual({ ordered: 'nothing' });
    const refused = await failureOf(ordering.order.mutate({ product: 'none' }));
    expect([isUnavailable(refused), reasonOf(refused), statusOf(refused)]).toEqual([false, 'no such product', 404]);
  });
});

/** A gate's leave to call on, as a handler gets it, and the request that it is for. */
async function leave(refused?: string): Promise<Onward> {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  authority.secondFactor('1.test');
  authority.refuseOnward(refused);
  const { gates, revocations } = await testGates(authority, 'payments');
  const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
  const carry = { scope: 'catalog:read', context: () => ({ product: 'p1' }) };
  const router = t.router({
    pay: trustTiers(t.procedure)
      .regulatedAction({ scope: 's', mfaWithinSeconds: 300, onward: carry })
      .mutation(({ ctx }) => ctx.onward),
  });
  const own = `Bearer ${await authority.userToken({ audience: 'payments', scope: 's', acr: 'aal2' })}`;
  const headers = new Map([
    ['Authorization', own],
    ['Idempotency-Key', 'k'],
    ['traceparent', `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`],
    ['Request-Timeout-Ms', '3000'],
  ]);
  const read = (name: string) => [headers.get(name)].filter((value) => value !== undefined);
  const context = { request: openRequest({ gates, clock, headers: read, tiers: ['regulatedAction'] }) };
  const onward = await t.createCallerFactory(router)(context).pay();
  revocations.close();
  if (onward === undefined) throw new Error('no leave');
  return onward;
}

test('a leave of the gate crosses as a whole: its transaction token with its own request’s trace and deadline', async () => {
  const onward = await leave();
  await open().prices({ onward }).price.query({ product: 'p1' });
  await open()
    .prices({ onward, withinMs: () => 1500.5 })
    .price.query({ product: 'p1' });
  await open()
    .prices({ onward, withinMs: () => 9000 })
    .price.query({ product: 'p1' });
  expect(opened.peer.calls.map((headers) => headers['request-timeout-ms'])).toEqual(['3000', '1500', '3000']);
  const [call] = opened.peer.calls;
  expect(call?.['txn-token']).toMatch(/^ey/);
  expect(call?.['traceparent']).toContain('c'.repeat(32));
  expect(call?.['authorization']).toMatch(/^Bearer token-/);
});

test('with a leave that the authority refused, nobody is called', async () => {
  const onward = await leave('invalid_scope');
  expect(() => open().prices({ onward })).toThrow(new AuthorityRefused('invalid_scope', 400));
  expect(opened.peer.calls).toEqual([]);
  // @ts-expect-error a leave has its request: nobody adds another
  void (() => open().prices({ onward, request: request(1), transaction: 'x' }));
});
