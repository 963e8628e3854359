import { cachingVerifier } from '../caching-verifier.ts';
import type { Clock } from '../clock.ts';
import { coalescingAuthority } from '../coalescing-authority.ts';
import { openGates, type Decision, type Gates } from '../gates.ts';
import { introspectingVerifier } from '../introspecting-verifier.ts';
import { localVerifier } from '../local-verifier.ts';
import { transactionVerifier } from '../propagation.ts';
import { followRevocations, type RevocationFeed } from '../revocation-feed.ts';
import type { Timers } from '../timers.ts';
import type { TrustedIssuer } from '../trusted-issuer.ts';
import type { TestAuthority } from './authority.ts';

/** Opened gates, what they know of revocations, and every decision that they took so far. */
export type TestGates = Readonly<{ gates: Gates; revocations: RevocationFeed; decisions: readonly Decision[] }>;

/**
 * The gates as a service stacks them, against a test authority, and against `others` beside it. Close `revocations` when the
 * test is over. A clock that has timers as well, such as `virtualTime`, drives the feed's.
 */
export async function testGates(
  authority: TestAuthority,
  audience: string,
  others: readonly TrustedIssuer[] = [],
): Promise<TestGates> {
  const { issuer, trustDomain, keys, clock } = authority;
  const revocations = followRevocations(authority.feed, { clock, ...(hasTimers(clock) && { timers: clock }) });
  // From the first check on: whatever a test asks next is asked of what is remembered.
  const local = cachingVerifier(localVerifier({ issuer, audience, keys, clock }), {
    clock,
    epoch: keys.epoch,
    keep: 'each',
  });
  const fresh = introspectingVerifier(local, coalescingAuthority(authority.introspect), { clock });
  const transactions = transactionVerifier({ issuer, trustDomain, keys, clock });
  const decisions: Decision[] = [];
  const onDecision = (decision: Decision): void => {
    decisions.push(decision);
  };
  const issuers = [{ issuer, local, fresh, revocations }, ...others];
  const gates = openGates({ issuers, transactions, restrictions: revocations.restrictions, clock, onDecision });
  // The feed's first proof: a snapshot, and a question that was answered.
  for (let turn = 0; turn < 10 && revocations.silenceMs() === Infinity; turn += 1) await Promise.resolve();
  return { gates, revocations, decisions };
}

function hasTimers(clock: Clock): clock is Clock & Timers {
  return 'after' in clock;
}
