import { initTRPC, TRPCError } from '@trpc/server';
import { afterEach, expect, test } from 'vitest';
import { openRequest } from './request-context.ts';
import { restrictCourse } from './restrictions.ts';
import { liveWithinMs } from './revocation-feed.ts';
import { heldClock, testAuthority, testGates, type TestAuthority, type TestGates } from './testing.ts';
import { denialAnswerOf, sealRouter, trustTiers as buildersOf, type TrustContext, type TrustMeta } from './trpc.ts';
import { courseOf, trustTiers, type TrustTier } from './trust-tier.ts';

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
const trust = buildersOf(t.procedure);
const router = t.router({
  publicRead: trust.publicRead().query(({ ctx }) => ctx.principal?.evidence ?? 'anonymous'),
  authenticatedRead: trust.authenticatedRead({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  standardWrite: trust.standardWrite({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  privilegedWrite: trust.privilegedWrite({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  regulatedAction: trust
    .regulatedAction({ scope: 's', mfaWithinSeconds: 300 })
    .query(({ ctx }) => ctx.principal.evidence),
});
const { tiers } = sealRouter(router);
const createCaller = t.createCallerFactory(router);

const opened: TestGates[] = [];
afterEach(() => {
  for (const { revocations } of opened.splice(0)) revocations.close();
});

async function open() {
  const authority = await testAuthority(heldClock());
  const gates = await testGates(authority, 'catalog');
  opened.push(gates);
  const token = await userToken(authority);
  return { authority, ...gates, token };
}

type System = Awaited<ReturnType<typeof open>>;

function userToken(authority: TestAuthority): Promise<string> {
  authority.secondFactor('1.test');
  return authority.userToken({ audience: 'catalog', scope: 's', session: '1.test', acr: 'aal2' });
}

/** What a call is answered: its evidence or, refused, the public reason. `beside`: other calls of the same request. */
async function call({ gates }: System, tier: TrustTier, token?: string, beside: readonly TrustTier[] = []) {
  const headers: Readonly<Record<string, string>> = {
    'Idempotency-Key': 'one',
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
  const request = openRequest({
    gates,
    clock: gates.clock,
    headers: (name) => [headers[name] ?? []].flat(),
    tiers: [tiers.get(tier) ?? 'publicRead', ...beside],
  });
  const caller = createCaller({ request });
  return caller[tier]().catch((error: unknown) => {
    const answer = error instanceof TRPCError ? denialAnswerOf(error) : undefined;
    if (answer === undefined) throw error;
    return answer.reason;
  });
}

const asDesigned: Readonly<Record<TrustTier, string>> = {
  publicRead: 'local',
  authenticatedRead: 'local',
  standardWrite: 'local',
  privilegedWrite: 'fresh',
  regulatedAction: 'fresh+mfa',
};

test.each(trustTiers)(
  '%s, closed, lets nobody in and says that it is an outage; every other tier goes on; then it is opened',
  async (tier) => {
    const system = await open();
    const { authority, token } = system;
    const others = trustTiers.filter((other) => other !== tier);
    authority.restrict({ tiers: { [tier]: 'closed' } });
    expect(await call(system, tier, token)).toBe('temporarily_unavailable');
    expect(await call(system, tier)).toBe('temporarily_unavailable');
    expect(system.decisions.map(({ outcome }) => outcome)).toEqual(['tier_closed', 'tier_closed']);
    for (const other of others) expect(await call(system, other, token)).toBe(asDesigned[other]);
    authority.restrict({ tiers: {} });
    expect(await call(system, tier, token)).toBe(asDesigned[tier]);
  },
);

test('a closed tier is closed in a batch with stricter calls too', async () => {
  const system = await open();
  system.authority.restrict({ tiers: { authenticatedRead: 'closed' } });
  expect(await call(system, 'authenticatedRead', system.token, ['standardWrite'])).toBe('temporarily_unavailable');
  expect(await call(system, 'standardWrite', system.token, ['authenticatedRead'])).toBe('local');
});

test.each<[TrustTier, string, string]>([
  ['publicRead', 'degraded', 'anonymous'],
  ['authenticatedRead', 'degraded', 'temporarily_unavailable'],
  ['standardWrite', 'degraded', 'fresh'],
])(
  '%s bridges a silent feed with %s evidence; told to fail closed: %s, from the first moment on',
  async (tier, bridged, closed) => {
    const bridging = await open();
    const failing = await open();
    failing.authority.restrict({ tiers: { [tier]: 'fail-closed' } });
    for (const { authority } of [bridging, failing]) authority.holdFeed(true);
    const silent = async (system: System) => {
      (system.authority.clock as ReturnType<typeof heldClock>).advance((liveWithinMs + 1) / 1000);
      return call(system, tier, system.token);
    };
    expect(await call(failing, tier, failing.token)).toBe('local');
    expect([await silent(bridging), await silent(failing)]).toEqual([bridged, closed]);
  },
);

test('what is ordered never makes a tier milder', () => {
  const strictness = ['local', 'degraded', 'anonymous', 'introspect', 'unavailable'];
  for (const tier of trustTiers) {
    for (const silenceMs of [0, 3501, 10_001, 60_001, Infinity]) {
      const course = courseOf(tier, silenceMs, liveWithinMs);
      for (const to of ['fail-closed', 'closed'] as const) {
        const ordered = restrictCourse(course, tier, { version: 1, tiers: { [tier]: to } });
        expect(strictness.indexOf(ordered)).toBeGreaterThanOrEqual(strictness.indexOf(course));
      }
    }
  }
});

test('a token that is older than ordered is refused at every gate, and a younger one is not', async () => {
  const system = await open();
  const { authority, token } = system;
  const clock = authority.clock as ReturnType<typeof heldClock>;
  clock.advance(71);
  const young = await userToken(authority);
  const answers = async (text: string) =>
    Promise.all((['authenticatedRead', 'privilegedWrite'] as const).map((tier) => call(system, tier, text)));
  authority.beat();
  await Promise.resolve();
  expect(await answers(token)).not.toContain('invalid_token');
  authority.restrict({ tiers: {}, accessTokenSeconds: 60 });
  expect(await answers(token)).toEqual(['invalid_token', 'invalid_token']);
  expect(await answers(young)).not.toContain('invalid_token');
});

test('of orders that come twice, late, or out of turn, the newest holds', async () => {
  const { authority, revocations } = await open();
  authority.restrict({ tiers: { standardWrite: 'closed' } });
  authority.feedFaults.stage('twice', 'swapped');
  authority.restrict({ tiers: {} });
  authority.restrict({ tiers: { publicRead: 'closed' } });
  authority.beat();
  expect(revocations.restrictions()).toMatchObject({ version: 3, tiers: { publicRead: 'closed' } });
});
