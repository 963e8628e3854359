import type { StepUpChallenge } from '@sallyport/auth';
import { TRPCClientError } from '@trpc/client';
import { afterEach, assert, beforeEach, expect, expectTypeOf, test } from 'vitest';
import {
  challengeOf,
  createSallyportClient,
  inMemoryTokenStore,
  isStepUpRequired,
  reasonOf,
  statusOf,
  type SallyportClientOptions,
} from './index.ts';
import { listen, openPeer, type PeerRouters } from './testing-peer.ts';

const ada = { email: 'ada', password: 'right' };
const challenge = { acrValues: ['aal2'], maxAgeSeconds: 300, scope: 'payments:write' };

let opened: ReturnType<typeof openPeer>;
let network: Awaited<ReturnType<typeof listen>>;

beforeEach(async () => {
  opened = openPeer();
  network = await listen(opened);
});
afterEach(() => network.close());

function open(options: Partial<SallyportClientOptions> = {}) {
  return createSallyportClient<PeerRouters>({ urls: network.urls, ...options });
}

async function signedIn(options: Partial<SallyportClientOptions> = {}) {
  const client = open(options);
  await client.signIn(ada);
  return client;
}

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no failure',
    (error: unknown) => error,
  );

/** A network that keeps back the first answer of one procedure until it is let go. */
function slowAnswer(procedure: string) {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let first = true;
  const slowFetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!first || !response.url.includes(procedure)) return response;
    first = false;
    arrived.resolve();
    await released.promise;
    return response;
  };
  return { fetch: slowFetch, arrived: arrived.promise, release: () => released.resolve() };
}

test('fifty calls with a token that is over cause one refresh, and all succeed', async () => {
  const client = await signedIn();
  opened.peer.sessions.endAccessTokens();
  const calls = Array.from({ length: 50 }, (_, page) =>
    page % 2 === 0 ? client.catalog.mine.query({ page }) : client.auth.whoAmI.query(),
  );
  const answers = await Promise.all(calls);
  expect(answers.filter((answer) => answer === 'ada')).toHaveLength(25);
  expect(opened.peer.sessions.log).toMatchObject({ refreshes: 1, reuses: 0 });
});

test('tokens that are over by monotonic time are renewed before anything is sent with them', async () => {
  let nowMs = 0;
  const client = await signedIn({ monotonicMs: () => nowMs });
  nowMs = 300_000;
  await Promise.all(Array.from({ length: 50 }, (_, page) => client.catalog.mine.query({ page })));
  expect(opened.peer.sessions.log.refreshes).toBe(1);
});

test('tokens that soon are over are renewed while they still serve', async () => {
  let nowMs = 0;
  const client = await signedIn({ monotonicMs: () => nowMs });
  nowMs = 241_000;
  opened.peer.sessions.down = true;
  expect(await client.catalog.mine.query({ page: 1 })).toEqual({ page: 1, subject: 'ada' });
  await expect.poll(() => opened.peer.sessions.log.refreshes).toBe(1);
  opened.peer.sessions.down = false;
  // A failed attempt is followed by a rest; a second later, by the client's clock, the next call tries again.
  const callLater = async (): Promise<number> => {
    nowMs += 1000;
    await client.catalog.mine.query({ page: 2 });
    return opened.peer.sessions.log.refreshes;
  };
  await expect.poll(callLater).toBe(2);
});

test('an outage during refresh signs nobody out, and says that it is an outage', async () => {
  const client = await signedIn();
  opened.peer.sessions.endAccessTokens();
  opened.peer.sessions.down = true;
  const failure = await failureOf(client.catalog.mine.query({ page: 1 }));
  expect([statusOf(failure), reasonOf(failure)]).toEqual([503, 'temporarily_unavailable']);
  expect(await client.session()).toMatchObject({ subject: 'ada' });

  opened.peer.sessions.down = false;
  expect(await client.catalog.mine.query({ page: 1 })).toEqual({ page: 1, subject: 'ada' });
});

test('calls that wait in an outage share one attempt to renew', async () => {
  const client = await signedIn();
  opened.peer.sessions.endAccessTokens();
  opened.peer.sessions.down = true;
  // Ten queries are one batch, so all of them are refused at once.
  const calls = Array.from({ length: 10 }, (_, page) => failureOf(client.catalog.mine.query({ page })));
  expect(new Set((await Promise.all(calls)).map(statusOf))).toEqual(new Set([503]));
  expect(opened.peer.sessions.log.refreshes).toBe(1);
});

test('an authority that cannot be reached signs nobody out', async () => {
  let reachable = true;
  const client = await signedIn({
    fetch: (input, init) =>
      reachable || !new Request(input, init).url.endsWith('/refresh')
        ? fetch(input, init)
        : Promise.reject(new TypeError('fetch failed')),
  });
  opened.peer.sessions.endAccessTokens();
  reachable = false;
  const failure = await failureOf(client.catalog.mine.query({ page: 1 }));
  expect(statusOf(failure)).toBeUndefined();
  expect(await client.session()).toMatchObject({ subject: 'ada' });
  reachable = true;
  expect(await client.catalog.mine.query({ page: 1 })).toMatchObject({ subject: 'ada' });
});

test('a refused refresh signs out here, and the caller sees the service’s answer', async () => {
  const client = await signedIn();
  opened.peer.sessions.endSessions();
  const failures = await Promise.all(
    Array.from({ length: 10 }, (_, page) => failureOf(client.catalog.mine.query({ page }))),
  );
  expect(new Set(failures.map(reasonOf))).toEqual(new Set(['invalid_token']));
  expect(opened.peer.sessions.log.refreshes).toBe(1);
  expect(await client.session()).toBeUndefined();
});

test('signed out, calls go out without a token', async () => {
  const client = open();
  expect(await client.catalog.open.query()).toBe('open to all');
  expect(reasonOf(await failureOf(client.catalog.mine.query({ page: 1 })))).toBe('unauthenticated');
});

test('a step-up repeats the same mutation with the same key and body', async () => {
  const shown: StepUpChallenge[] = [];
  const client = await signedIn({
    onStepUp: (demand) => {
      shown.push(demand);
      return Promise.resolve('123456');
    },
  });
  expect(await client.payments.pay.mutate({ amount: '1999' })).toEqual({ paid: '1999' });
  expect(shown).toEqual([challenge]);
  const [first, second] = opened.peer.payments;
  expect(first).toMatchObject({ paid: false, input: { amount: '1999' } });
  expect(second).toEqual({ ...first, paid: true });
  expect(first?.key).toMatch(/^[0-9a-f-]{36}$/);
});

test('mutations of their own have keys of their own, unless the caller brings one', async () => {
  opened.peer.stepUpsNeeded = 0;
  const client = await signedIn();
  await client.payments.pay.mutate({ amount: '1' });
  await client.payments.pay.mutate({ amount: '1' });
  await client.payments.pay.mutate({ amount: '1' }, { context: { idempotencyKey: 'order-7' } });
  const keys = opened.peer.payments.map((payment) => payment.key);
  expect(new Set(keys).size).toBe(3);
  expect(keys[2]).toBe('order-7');
});

test('payments that ask for a step-up at once share one prompt', async () => {
  let prompts = 0;
  const client = await signedIn({
    onStepUp: () => {
      prompts += 1;
      return Promise.resolve('123456');
    },
  });
  const amounts = Array.from({ length: 8 }, (_, index) => String(index));
  expect(await Promise.all(amounts.map((amount) => client.payments.pay.mutate({ amount })))).toEqual(
    amounts.map((paid) => ({ paid })),
  );
  expect(prompts).toBe(1);
  expect(opened.peer.sessions.log.stepUps).toBe(1);
});

test('a demand that arrives after another call has stepped up needs no prompt of its own', async () => {
  const slow = slowAnswer('pay');
  let prompts = 0;
  const client = await signedIn({
    fetch: slow.fetch,
    onStepUp: () => {
      prompts += 1;
      return Promise.resolve('123456');
    },
  });
  const late = client.payments.pay.mutate({ amount: '1' });
  await slow.arrived;
  await client.payments.pay.mutate({ amount: '2' });
  slow.release();
  expect(await late).toEqual({ paid: '1' });
  expect(prompts).toBe(1);
});

test('a second demand to step up in the same call is an error, not a loop', async () => {
  opened.peer.stepUpsNeeded = Infinity;
  const client = await signedIn({ onStepUp: () => Promise.resolve('123456') });
  const failure = await failureOf(client.payments.pay.mutate({ amount: '1' }));
  expect(challengeOf(failure)).toEqual(challenge);
  expect(opened.peer.sessions.log.stepUps).toBe(1);
  expect(opened.peer.payments).toHaveLength(2);
});

test('a declined step-up is the service’s own error, typed', async () => {
  const client = await signedIn({ onStepUp: () => Promise.resolve(undefined) });
  const failure = await failureOf(client.payments.pay.mutate({ amount: '1' }));
  assert(isStepUpRequired(failure));
  expectTypeOf(failure.data.challenge).toEqualTypeOf<StepUpChallenge>();
  expect(failure.data.challenge).toEqual(challenge);
  expect(opened.peer.sessions.log.stepUps).toBe(0);
});

test('a wrong code is the authority’s error, and the session stays', async () => {
  const client = await signedIn({ onStepUp: () => Promise.resolve('000000') });
  expect(reasonOf(await failureOf(client.payments.pay.mutate({ amount: '1' })))).toBe('wrong_code');
  expect(await client.session()).toMatchObject({ subject: 'ada' });
});

test('a refused call is not repeated in somebody else’s session', async () => {
  const slow = slowAnswer('mine');
  const client = await signedIn({ fetch: slow.fetch });
  opened.peer.sessions.endAccessTokens();
  const reading = failureOf(client.catalog.mine.query({ page: 1 }));
  await slow.arrived;
  await client.signOut();
  await client.signIn({ email: 'grace', password: 'right' });
  slow.release();
  expect(reasonOf(await reading)).toBe('invalid_token');
});

test('a call that waits for a step-up is not repeated in somebody else’s session', async () => {
  const prompted = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<string>();
  const client = await signedIn({
    onStepUp: () => {
      prompted.resolve();
      return answered.promise;
    },
  });
  const paying = failureOf(client.payments.pay.mutate({ amount: '1' }));
  await prompted.promise;
  await client.signOut();
  await client.signIn({ email: 'grace', password: 'right' });
  answered.resolve('123456');
  expect(isStepUpRequired(await paying)).toBe(true);
  expect(opened.peer.payments.map((payment) => payment.subject)).toEqual(['ada']);
});

test('an aborted call does not wait for the prompt', async () => {
  const abort = new AbortController();
  const client = await signedIn({
    onStepUp: () => {
      abort.abort();
      return new Promise(() => {});
    },
  });
  await expect(client.payments.pay.mutate({ amount: '1' }, { signal: abort.signal })).rejects.toThrow('aborted');
});

test('queries of one moment travel together, at most ten; mutations and the authority’s calls travel alone', async () => {
  opened.peer.stepUpsNeeded = 0;
  const client = await signedIn();
  opened.peer.batches.length = 0;
  await Promise.all([
    ...Array.from({ length: 15 }, (_, page) => client.catalog.mine.query({ page })),
    client.payments.pay.mutate({ amount: '1' }),
    client.payments.pay.mutate({ amount: '2' }),
    client.auth.whoAmI.query(),
    client.auth.whoAmI.query(),
  ]);
  expect(opened.peer.batches.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 1, 5, 10]);
});

test('signing out forgets the tokens here even when the authority cannot be told (NST-08)', async () => {
  const store = inMemoryTokenStore();
  const client = await signedIn({ store });
  opened.peer.sessions.down = true;
  await expect(client.signOut()).rejects.toThrow(TRPCClientError);
  expect(await client.session()).toBeUndefined();
  expect(store.read()).toBeUndefined();
});

test('tokens from a store are renewed before their first use', async () => {
  const store = inMemoryTokenStore();
  await signedIn({ store });
  const reloaded = open({ store });
  expect(await reloaded.session()).toMatchObject({ subject: 'ada' });
  await reloaded.catalog.mine.query({ page: 1 });
  expect(opened.peer.sessions.log.refreshes).toBe(1);
});

test('wrong credentials are the authority’s error', async () => {
  expect(reasonOf(await failureOf(open().signIn({ email: 'ada', password: 'wrong' })))).toBe('invalid_credentials');
});

test('clients are typed from the routers, without the calls that would lose the session', () => {
  const client = open();
  expectTypeOf(client.catalog.mine.query).parameter(0).toEqualTypeOf<{ page: number }>();
  expectTypeOf(client.catalog.mine.query).returns.resolves.toEqualTypeOf<{ page: number; subject: string }>();
  expectTypeOf(client.payments.pay.mutate).returns.resolves.toEqualTypeOf<{ paid: string }>();
  expectTypeOf(client.auth).toHaveProperty('whoAmI');
  expectTypeOf(client.auth).not.toHaveProperty('refresh');
  expectTypeOf(client.auth).not.toHaveProperty('signIn');
});

test('whatever ends a session hands out a consistency token; the newest goes with every call after it, to every service', async () => {
  const client = await signedIn();
  expect(client.consistencyToken()).toBeUndefined();
  await client.catalog.mine.query({ page: 1 });
  opened.peer.consistencyToken = 'c1-0000000000z';
  await client.auth.endOthers.mutate();
  // Answers may arrive in another order than their revocations were committed in.
  opened.peer.consistencyToken = 'c1-00000000001';
  await client.auth.endOthers.mutate();
  opened.peer.presented.length = 0;
  await Promise.all([
    client.catalog.mine.query({ page: 1 }),
    client.payments.pay.mutate({ amount: '1' }).catch(() => {}),
  ]);
  expect(opened.peer.presented).toEqual(['c1-0000000000z', 'c1-0000000000z']);
  opened.peer.consistencyToken = 'c1-00000000010';
  await client.signOut();
  expect(client.consistencyToken()).toBe('c1-00000000010');
});

test.each([undefined, 7, '', 'two words', 'line\nbreak', 'x'.repeat(65)])(
  'what no header could carry (%j) is not taken for a consistency token',
  async (consistencyToken) => {
    const client = await signedIn();
    Object.assign(opened.peer, { consistencyToken });
    await client.auth.endOthers.mutate();
    expect(client.consistencyToken()).toBeUndefined();
    expect(await client.auth.whoAmI.query()).toBe('ada');
  },
);
