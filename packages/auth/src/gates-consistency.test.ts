import { initTRPC, TRPCError } from '@trpc/server';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { makeConsistencyToken } from './consistency-token.ts';
import { openRequest } from './request-context.ts';
import { heldClock, testAuthority, testGates, type TestAuthority, type TestGates } from './testing.ts';
import { denialAnswerOf, sealRouter, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
const trust = trustTiers(t.procedure);
const router = t.router({
  publicRead: trust.publicRead().query(({ ctx }) => ctx.principal?.evidence ?? 'anonymous'),
  authenticatedRead: trust.authenticatedRead({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  standardWrite: trust.standardWrite({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  service: trust.authenticatedRead({ scope: 's', from: 'service' }).query(({ ctx }) => ctx.principal.client),
  carried: trust.authenticatedRead({ scope: 's', from: 'transaction' }).query(({ ctx }) => ctx.principal.evidence),
});
const { tiers } = sealRouter(router);
const createCaller = t.createCallerFactory(router);
type Path = keyof typeof router._def.procedures;

const opened: TestGates[] = [];
afterEach(() => {
  for (const { revocations } of opened.splice(0)) revocations.close();
});

async function open() {
  const authority = await testAuthority(heldClock());
  const gates = await testGates(authority, 'catalog');
  opened.push(gates);
  return { authority, ...gates };
}

type System = Awaited<ReturnType<typeof open>>;

/** What a caller hears: its evidence or, refused, the public reason. */
async function call(
  { gates }: Pick<System, 'gates'>,
  path: Path,
  headers: Readonly<Record<string, readonly string[] | string>>,
): Promise<unknown> {
  const request = openRequest({
    gates,
    clock: gates.clock,
    headers: (name) => [headers[name] ?? []].flat(),
    tiers: [tiers.get(path) ?? 'publicRead'],
  });
  const caller = createCaller({ request });
  return caller[path]().catch((error: unknown) => {
    const answer = error instanceof TRPCError ? denialAnswerOf(error) : undefined;
    if (answer === undefined) throw error;
    return answer.reason;
  });
}

const user = async (authority: TestAuthority): Promise<string> =>
  `Bearer ${await authority.userToken({ audience: 'catalog', scope: 's' })}`;
const service = async (authority: TestAuthority): Promise<string> =>
  `Bearer ${await authority.serviceToken({ client: 'payments', audience: 'catalog', scope: 's' })}`;

const localTiers = ['publicRead', 'authenticatedRead', 'standardWrite'] as const;

test.each(localTiers)(
  '%s with a consistency token that the feed has not reached asks the authority, and only then',
  async (tier) => {
    const system = await open();
    const { authority } = system;
    const Authorization = await user(authority);
    authority.holdFeed(true);
    const position = authority.revoke({ kind: 'session', session: '1.test' });
    expect(await call(system, tier, { Authorization })).toBe('local');
    const behind = { Authorization, 'Consistency-Token': makeConsistencyToken(position) };
    expect(await call(system, tier, behind)).toBe('invalid_token');
    expect(authority.questionsAsked()).toBe(1);
  },
);

test.each(localTiers)('%s with a token that was reached stays local', async (tier) => {
  const system = await open();
  const Authorization = await user(system.authority);
  const position = system.authority.revoke({ kind: 'session', session: 'another.one' });
  expect(await call(system, tier, { Authorization, 'Consistency-Token': makeConsistencyToken(position) })).toBe(
    'local',
  );
  expect(system.authority.questionsAsked()).toBe(0);
});

test('a token of another history, beyond any real position, asks the authority each time', async () => {
  const system = await open();
  const Authorization = await user(system.authority);
  const headers = { Authorization, 'Consistency-Token': makeConsistencyToken(Number.MAX_SAFE_INTEGER) };
  for (let time = 1; time <= 3; time += 1) {
    expect(await call(system, 'authenticatedRead', headers)).toBe('fresh');
    expect(system.authority.questionsAsked()).toBe(time);
  }
});

test.each<[Path, string]>([
  ['publicRead', 'anonymous'],
  ['authenticatedRead', 'temporarily_unavailable'],
  ['standardWrite', 'temporarily_unavailable'],
])('%s, behind, with an authority that is silent: %s', async (tier, outcome) => {
  const system = await open();
  const Authorization = await user(system.authority);
  system.authority.setReachable(false);
  expect(await call(system, tier, { Authorization, 'Consistency-Token': makeConsistencyToken(9) })).toBe(outcome);
});

test('a service’s own token, and a user that it carries, cannot be asked about: behind, they are told to come again', async () => {
  const system = await open();
  const { authority } = system;
  const Authorization = await service(authority);
  const carried = { Authorization, 'Txn-Token': await authority.transactionToken({ scope: 's', service: 'payments' }) };
  authority.holdFeed(true);
  const behind = {
    'Consistency-Token': makeConsistencyToken(authority.revoke({ kind: 'session', session: '1.test' })),
  };
  expect(await call(system, 'service', { Authorization, ...behind })).toBe('temporarily_unavailable');
  expect(await call(system, 'carried', { ...carried, ...behind })).toBe('temporarily_unavailable');
  expect(system.decisions.map(({ outcome }) => outcome)).toEqual(['feed_behind', 'feed_behind']);
  expect(authority.questionsAsked()).toBe(0);
  authority.holdFeed(false);
  expect(await call(system, 'service', { Authorization, ...behind })).toBe('payments');
  expect(await call(system, 'carried', { ...carried, ...behind })).toBe('invalid_token');
});

test.each([...localTiers, 'service'] as const)('%s refuses a malformed consistency token, or two', async (path) => {
  const system = await open();
  const Authorization = path === 'service' ? await service(system.authority) : await user(system.authority);
  const good = makeConsistencyToken(0);
  for (const token of ['', 'c1-1', [good, good]]) {
    expect(await call(system, path, { Authorization, 'Consistency-Token': token })).toBe('invalid_request');
  }
  expect(await call(system, path, { 'Consistency-Token': 'c1-1' })).toBe('invalid_request');
});

test('whatever the order of feed, question and call, a caller with the token is never admitted with what it revoked', async () => {
  const authority = await testAuthority(heldClock());
  const Authorization = await user(authority);
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom(...localTiers), { minLength: 1, maxLength: 4 }),
      async (scheduler, paths) => {
        const own = await testAuthority(heldClock());
        // Each way to the authority, and each message back, takes as long as the scheduler likes.
        const introspect = scheduler.scheduleFunction(own.introspect);
        const source = own.feed;
        const feed: typeof source = {
          open: (from, { onMessage, onEnd }) =>
            source.open(from, {
              onEnd,
              onMessage: (message) => {
                void scheduler.schedule(Promise.resolve(), 'feed').then(() => onMessage(message));
                return true;
              },
            }),
          askPosition: scheduler.scheduleFunction(source.askPosition),
        };
        const system = await testGates({ ...own, keys: authority.keys, introspect, feed }, 'catalog');
        opened.push(system);
        const outcomes = (async () => {
          await scheduler.schedule(Promise.resolve(), 'revoke');
          const token = makeConsistencyToken(own.revoke({ kind: 'session', session: '1.test' }));
          return Promise.all(
            paths.map(async (path) => {
              await scheduler.schedule(Promise.resolve(), 'call');
              return call(system, path, { Authorization, 'Consistency-Token': token });
            }),
          );
        })();
        await scheduler.waitFor(outcomes);
        for (const outcome of await outcomes)
          expect(['invalid_token', 'anonymous', 'temporarily_unavailable']).toContain(outcome);
        system.revocations.close();
      },
    ),
    { numRuns: 60 },
  );
});
