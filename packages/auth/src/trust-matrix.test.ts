import { initTRPC, TRPCError } from '@trpc/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AskAuthority } from './authority.ts';
import { cachingVerifier } from './caching-verifier.ts';
import { coalescingAuthority } from './coalescing-authority.ts';
import { openGates, type Decision } from './gates.ts';
import { guardedAuthority } from './guarded-authority.ts';
import { introspectingVerifier } from './introspecting-verifier.ts';
import { localVerifier } from './local-verifier.ts';
import { openRequest } from './request-context.ts';
import { followRevocations, type RevocationFeed } from './revocation-feed.ts';
import { fallbackOutcomes, heldClock, testAuthority, type FeedState } from './testing.ts';
import { denialAnswerOf, sealRouter, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';
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
} satisfies Record<TrustTier, unknown>);
sealRouter(router);
const createCaller = t.createCallerFactory(router);

let revocations: RevocationFeed | undefined;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  revocations?.close();
  vi.useRealTimers();
});

type Authority = 'answers' | 'unreachable' | 'hangs';

/** Seconds of silence: the last moment of the state before, and a moment within this one. */
const silences: Readonly<Record<Exclude<FeedState, 'alive' | 'never'>, readonly number[]>> = {
  bridged: [3.6, 10],
  beyond10: [10.001, 60],
  beyond60: [60.001, 3600],
};

type Fault = Readonly<{ feed: FeedState; silentSeconds: number; authority: Authority }>;

/** A service as it is stacked, in the middle of a fault, and one call of the tier with a token that is good for all of them. */
async function meet(tier: TrustTier, { feed, silentSeconds, authority: state }: Fault) {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  const { issuer, keys } = authority;
  authority.holdFeed(feed === 'never');
  revocations = followRevocations(authority.feed, { clock });
  const ask: AskAuthority = state === 'hangs' ? () => new Promise(() => {}) : authority.introspect;
  const remembering = { clock, epoch: keys.epoch, keep: 'each' } as const;
  const local = cachingVerifier(localVerifier({ issuer, audience: 'a', keys, clock }), remembering);
  const guarded = guardedAuthority(ask, { clock, random: () => 0.999 });
  const fresh = introspectingVerifier(local, coalescingAuthority(guarded), { clock });
  const decisions: Decision[] = [];
  const onDecision = (decision: Decision): void => void decisions.push(decision);
  const gates = openGates({ issuers: [{ issuer, local, fresh, revocations }], clock, onDecision });
  await vi.advanceTimersByTimeAsync(0);

  authority.holdFeed(feed !== 'alive');
  clock.advance(silentSeconds);
  authority.setReachable(state !== 'unreachable');
  authority.secondFactor('1.test');
  const token = await authority.userToken({ audience: 'a', scope: 's', acr: 'aal2' });
  // The signature is checked beforehand and remembered, so that nothing below waits for anything but promises and timers.
  const { authorization } = openRequest({ gates, headers: () => [`Bearer ${token}`], tiers: [tier], clock });
  if (authorization.kind === 'token') await local.verify(authorization.token);
  const headers: Readonly<Record<string, string>> = { Authorization: `Bearer ${token}`, 'Idempotency-Key': 'k' };
  const request = openRequest({
    gates,
    clock,
    headers: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    tiers: [tier],
  });
  const caller = createCaller({ request });
  const call = caller[tier]().catch((error: unknown) => {
    const answer = error instanceof TRPCError ? denialAnswerOf(error) : undefined;
    if (answer === undefined) throw error;
    return String(answer.status);
  });
  return { call, decisions };
}

const faults = Object.entries(fallbackOutcomes).flatMap(([tier, states]) =>
  Object.entries(states).flatMap(([feed, cell]) => {
    const seconds: readonly number[] = Object.entries(silences).find(([state]) => state === feed)?.[1] ?? [0];
    return seconds.flatMap((silentSeconds) =>
      Object.entries({ ...cell, hangs: cell.unreachable }).map(([authority, outcome]) => ({
        tier,
        feed,
        silentSeconds,
        authority,
        outcome,
      })),
    );
  }),
) as readonly (Fault & Readonly<{ tier: TrustTier; outcome: string }>)[];

describe('the fallback matrix, each cell by fault injection', () => {
  test.each(faults)(
    '$tier, feed $feed ($silentSeconds s), authority $authority: $outcome',
    async ({ tier, outcome, ...fault }) => {
      const { call, decisions } = await meet(tier, fault);
      await vi.advanceTimersByTimeAsync(200);
      const hanging = fault.authority === 'hangs' ? 800 : 0;
      await vi.advanceTimersByTimeAsync(hanging);
      // Whatever fails, the answer is there by now: 200 ms of retries, or the deadline of 1 s.
      expect(await Promise.race([call, Promise.resolve('no answer')])).toBe(outcome);
      expect(decisions).toHaveLength(1);
      const [decision] = decisions;
      const isAdmitted = outcome !== '503';
      expect(decision?.outcome === 'admitted').toBe(isAdmitted);
      expect(decision?.evidence).toBe(
        { '503': undefined, anonymous: 'none' }[outcome] ?? (isAdmitted ? outcome : undefined),
      );
    },
  );

  test('no cell is missing: five tiers, five states of the feed, both of the authority', () => {
    const cells = Object.values(fallbackOutcomes).flatMap((states) => Object.values(states).flatMap(Object.keys));
    expect(cells.length).toBe(5 * 5 * 2);
  });
});
