import { initTRPC, TRPCError } from '@trpc/server';
import { afterEach, expect, test } from 'vitest';
import { openRequest } from './request-context.ts';
import { heldClock, testAuthority, testGates, type TestAuthority, type TestGates } from './testing.ts';
import { denialAnswerOf, gravestDenial, sealRouter, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';
import type { TrustTier } from './trust-tier.ts';

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
const trust = trustTiers(t.procedure);
const router = t.router({
  publicRead: trust.publicRead().query(({ ctx }) => ctx.principal?.evidence ?? 'anonymous'),
  authenticatedRead: trust.authenticatedRead({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  standardWrite: trust.standardWrite({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  privilegedWrite: trust.privilegedWrite({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  regulatedAction: trust
    .regulatedAction({ scope: 's', mfaWithinSeconds: 300 })
    .query(({ ctx }) => ctx.principal.evidence),
  service: trust.authenticatedRead({ scope: 's', from: 'service' }).query(({ ctx }) => ctx.principal.client),
  carried: trust.authenticatedRead({ scope: 's', from: 'transaction' }).query(({ ctx }) => ctx.principal.transaction),
});
const { tiers } = sealRouter(router);
const createCaller = t.createCallerFactory(router);

type Path = keyof typeof router._def.procedures;
type Headers = Readonly<Record<string, string>>;

const opened: TestGates[] = [];
afterEach(() => {
  for (const { revocations } of opened.splice(0)) revocations.close();
});

async function open() {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  const gates = await testGates(authority, 'catalog');
  opened.push(gates);
  return { clock, authority, ...gates };
}

function request(gates: TestGates, headers: Headers, paths: readonly Path[]) {
  return openRequest({
    gates: gates.gates,
    clock: gates.gates.clock,
    headers: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    tiers: paths.map((path) => tiers.get(path) ?? 'publicRead'),
  });
}

/** Calls the paths as one request; each answers its evidence, or the reason that the caller would hear. */
async function call(gates: TestGates, headers: Headers, ...paths: readonly Path[]): Promise<readonly unknown[]> {
  const caller = createCaller({ request: request(gates, headers, paths) });
  return Promise.all(paths.map((path) => caller[path]().catch(heard)));
}

function heard(error: unknown): string {
  if (!(error instanceof TRPCError)) throw error;
  const answer = denialAnswerOf(error);
  if (answer === undefined) throw error;
  return answer.reason;
}

async function signedIn(
  authority: TestAuthority,
  claims: Readonly<{ session?: string; acr?: string }> = {},
): Promise<Headers> {
  return {
    Authorization: `Bearer ${await authority.userToken({ audience: 'catalog', scope: 's', ...claims })}`,
    'Idempotency-Key': 'k-1',
  };
}

test.each<TrustTier>(['publicRead', 'authenticatedRead', 'standardWrite', 'privilegedWrite', 'regulatedAction'])(
  '%s refuses a revoked session, cached or not',
  async (tier) => {
    const system = await open();
    system.authority.secondFactor('1.test');
    const headers = await signedIn(system.authority, { acr: 'aal2' });
    await call(system, headers, tier);
    system.authority.revoke({ kind: 'session', session: '1.test' });
    expect(await call(system, headers, tier)).toEqual(['invalid_token']);
  },
);

test('a revocation that only the authority knows stops the fresh gate at once, and from then on the local gate too', async () => {
  const system = await open();
  const headers = await signedIn(system.authority);
  system.authority.holdFeed(true);
  system.authority.revoke({ kind: 'session', session: '1.test' });
  expect(await call(system, headers, 'authenticatedRead')).toEqual(['local']);
  expect(await call(system, headers, 'privilegedWrite')).toEqual(['invalid_token']);
  expect(await call(system, headers, 'authenticatedRead')).toEqual(['invalid_token']);
});

test('a batch is decided by its strictest member, once', async () => {
  const system = await open();
  const headers = await signedIn(system.authority);
  expect(await call(system, headers, 'authenticatedRead', 'privilegedWrite', 'publicRead')).toEqual([
    'fresh',
    'fresh',
    'fresh',
  ]);
  expect(system.authority.questionsAsked()).toBe(1);
});

test('a regulated call does not share a batch', async () => {
  const system = await open();
  const headers = await signedIn(system.authority);
  expect(await call(system, headers, 'authenticatedRead', 'regulatedAction')).toEqual(['fresh', 'invalid_request']);
});

test.each([undefined, '', ' ', 'a'.repeat(256), 'ключ'])(
  'a regulated call with the idempotency key %j is refused before anybody is asked',
  async (key) => {
    const system = await open();
    const { Authorization = '' } = await signedIn(system.authority);
    expect(
      await call(system, { Authorization, ...(key !== undefined && { 'Idempotency-Key': key }) }, 'regulatedAction'),
    ).toEqual(['invalid_request']);
    expect(system.authority.questionsAsked()).toBe(0);
  },
);

test('without a second factor a regulated call is asked to step up; a token from before the step-up stays too weak', async () => {
  const system = await open();
  const before = await signedIn(system.authority);
  expect(await call(system, before, 'regulatedAction')).toEqual(['insufficient_user_authentication']);
  system.authority.secondFactor('1.test');
  expect(await call(system, before, 'regulatedAction')).toEqual(['insufficient_user_authentication']);
  expect(await call(system, await signedIn(system.authority, { acr: 'aal2' }), 'regulatedAction')).toEqual([
    'fresh+mfa',
  ]);
});

test('a token for another service is worth nothing here (ATP-06)', async () => {
  const system = await open();
  const Authorization = `Bearer ${await system.authority.userToken({ audience: 'payments', scope: 's' })}`;
  expect(await call(system, { Authorization }, 'authenticatedRead')).toEqual(['invalid_token']);
});

test('an outage is not reported as a bad credential, and ranks above one in a batch', async () => {
  const system = await open();
  system.authority.setReachable(false);
  const caller = createCaller({ request: request(system, await signedIn(system.authority), ['privilegedWrite']) });
  const outage = await caller.privilegedWrite().catch((error: unknown) => error);
  const missing = await createCaller({ request: request(system, {}, ['privilegedWrite']) })
    .privilegedWrite()
    .catch((error: unknown) => error);
  if (!(outage instanceof Error) || !(missing instanceof Error)) throw new Error('expected two denials');
  expect(gravestDenial([missing, outage])?.status).toBe(503);
});

test('a transaction token counts only with the service that it names, and only where it is asked for (TTS-12)', async () => {
  const system = await open();
  const { authority } = system;
  const asService = {
    Authorization: `Bearer ${await authority.serviceToken({ client: 'payments', audience: 'catalog', scope: 's' })}`,
  };
  const asOther = {
    Authorization: `Bearer ${await authority.serviceToken({ client: 'other', audience: 'catalog', scope: 's' })}`,
  };
  const asUser = await signedIn(authority);
  const carried = {
    'Txn-Token': await authority.transactionToken({ scope: 's', service: 'payments', context: { product: '7' } }),
  };

  expect(await call(system, { ...asService, ...carried }, 'carried')).toMatchObject([
    { chain: ['payments'], context: { product: '7' } },
  ]);
  expect(await call(system, { ...asOther, ...carried }, 'carried')).toEqual(['invalid_token']);
  expect(await call(system, { ...asUser, ...carried }, 'carried')).toEqual(['access_denied']);
  expect(await call(system, carried, 'carried')).toEqual(['unauthenticated']);
  expect(await call(system, asService, 'carried')).toEqual(['invalid_token']);
  expect(await call(system, { ...asService, ...carried }, 'authenticatedRead')).toEqual(['access_denied']);
  expect(await call(system, { ...asService, 'Txn-Token': asUser['Authorization']?.slice(7) ?? '' }, 'carried')).toEqual(
    ['invalid_token'],
  );
  expect(await call(system, { Authorization: `Bearer ${carried['Txn-Token']}` }, 'authenticatedRead')).toEqual([
    'invalid_token',
  ]);
});

test('each fresh decision asks anew, and an expired token is not even asked about (INT-05)', async () => {
  const system = await open();
  const headers = await signedIn(system.authority);
  for (const asked of [1, 2, 3]) {
    expect(await call(system, headers, 'privilegedWrite')).toEqual(['fresh']);
    expect(system.authority.questionsAsked()).toBe(asked);
  }
  system.clock.advance(300);
  expect(await call(system, headers, 'privilegedWrite')).toEqual(['invalid_token']);
  expect(system.authority.questionsAsked()).toBe(3);
});

test('a transaction token dies with its session (TEX-08)', async () => {
  const system = await open();
  const { authority } = system;
  const headers = {
    Authorization: `Bearer ${await authority.serviceToken({ client: 'payments', audience: 'catalog', scope: 's' })}`,
    'Txn-Token': await authority.transactionToken({ scope: 's', service: 'payments' }),
  };
  authority.revoke({ kind: 'session', session: '1.test' });
  expect(await call(system, headers, 'carried')).toEqual(['invalid_token']);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['another trust domain', { aud: 'elsewhere' }],
  ['a life over a minute', { exp: 1_800_000_061 }],
  ['no txn', { txn: undefined }],
  ['no req_wl', { req_wl: undefined }],
  ['no session', { sid: undefined }],
  ['no scope', { scope: undefined }],
  ['a context that is not text', { tctx: { amount: 5 } }],
])('a transaction token with %s is refused', async (_name, claims) => {
  const system = await open();
  const headers = {
    Authorization: `Bearer ${await system.authority.serviceToken({ client: 'payments', audience: 'catalog', scope: 's' })}`,
    'Txn-Token': await system.authority.transactionToken({ scope: 's', service: 'payments', claims }),
  };
  expect(await call(system, headers, 'carried')).toEqual(['invalid_token']);
});

test('a service is no user, and a user no service', async () => {
  const system = await open();
  const asService = {
    Authorization: `Bearer ${await system.authority.serviceToken({ client: 'payments', audience: 'catalog', scope: 's' })}`,
  };
  expect(await call(system, asService, 'service')).toEqual(['payments']);
  for (const path of ['authenticatedRead', 'standardWrite', 'privilegedWrite'] as const)
    expect(await call(system, asService, path)).toEqual(['access_denied']);
  expect(await call(system, await signedIn(system.authority), 'service')).toEqual(['access_denied']);
});

test('every decision is reported, without a token in it', async () => {
  const system = await open();
  const headers = await signedIn(system.authority);
  await call(system, headers, 'authenticatedRead');
  await call(system, {}, 'privilegedWrite');
  expect(system.decisions).toMatchObject([
    { path: 'authenticatedRead', tier: 'authenticatedRead', outcome: 'admitted', evidence: 'local', subject: 'u_ada' },
    { path: 'privilegedWrite', tier: 'privilegedWrite', outcome: 'token_missing' },
  ]);
  expect(JSON.stringify(system.decisions)).not.toContain('eyJ');
});
