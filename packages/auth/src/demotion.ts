import type { Clock } from './clock.ts';
import { restrictCourse, type Restrictions } from './restrictions.ts';
import { liveWithinMs, type RevocationFeed } from './revocation-feed.ts';
import type { Timers } from './timers.ts';
import { courseOf, trustMatrix, trustTiers, type Course, type TrustTier } from './trust-tier.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/** A tier that is decided in another way from now on, because an issuer's feed fell silent or came back. */
export type Demotion = Readonly<{
  issuer: string;
  tier: TrustTier;
  from: Course;
  to: Course;
  /**
   * How old what a "yes" rests on may be on the new course, in seconds: while degraded, how long the silence is bridged. `null`
   * where there is no "yes", or no promise about it.
   */
  boundSeconds: number | null;
  /** Milliseconds since the feed last proved itself complete. Infinity when it never did. */
  silenceMs: number;
}>;

type WatchOptions = Readonly<{
  issuers: readonly TrustedIssuer[];
  clock: Clock;
  timers: Timers;
  restrictions: () => Restrictions;
  onDemotion: (demotion: Demotion) => void;
}>;

const lookEveryMs = 250;

/** A better course is told when it held for this long: a feed that flaps is told once as demoted, and once as back. */
const settledAfterMs = 10_000;

/** Worse is greater. What asks the authority and what serves nobody stand side by side: no tier has both. */
const rank: Readonly<Record<Course, number>> = { local: 0, degraded: 1, anonymous: 2, introspect: 2, unavailable: 2 };

/**
 * Watches how each tier of each issuer is decided, by a timer of its own: no request does anything for it. Tells a change for the
 * worse at once and one for the better when it held, each once.
 *
 * A service begins as if its feeds were alive, and has as long to prove it as a feed may be silent. Issuers without a feed do
 * not change. That the authority itself is silent is the breaker's to tell.
 */
export function watchDemotions({ issuers, clock, timers, restrictions, onDemotion }: WatchOptions): () => void {
  const beganAtMs = clock.monotonicMs();
  const watched = issuers.flatMap(({ issuer, revocations }) =>
    'feed' in revocations
      ? []
      : trustTiers.filter(isFeedBased).map((tier) => ({ issuer, tier, revocations, look: followCourse() })),
  );

  function lookAtAll(): void {
    cancel = timers.after(lookEveryMs, lookAtAll);
    const nowMs = clock.monotonicMs();
    if (nowMs - beganAtMs <= liveWithinMs) return;
    for (const { issuer, tier, revocations, look } of watched) {
      const silenceMs = silenceOf(revocations);
      const course = restrictCourse(courseOf(tier, silenceMs, liveWithinMs), tier, restrictions());
      const change = look(course, nowMs);
      if (change !== undefined)
        onDemotion({ issuer, tier, ...change, boundSeconds: boundOf(tier, change.to), silenceMs });
    }
  }

  let cancel = timers.after(lookEveryMs, lookAtAll);
  return () => cancel();
}

function silenceOf(revocations: Pick<RevocationFeed, 'silenceMs'>): number {
  return revocations.silenceMs();
}

function isFeedBased(tier: TrustTier): boolean {
  return trustMatrix[tier].gate !== 'fresh';
}

/** Which of the courses it is shown are to be told. */
function followCourse() {
  let told: Course = 'local';
  let better: { course: Course; sinceMs: number } | undefined;

  return (course: Course, nowMs: number): Readonly<{ from: Course; to: Course }> | undefined => {
    if (rank[course] >= rank[told]) {
      better = undefined;
      return rank[course] > rank[told] ? tell(course) : undefined;
    }
    if (better?.course !== course) better = { course, sinceMs: nowMs };
    return nowMs - better.sinceMs >= settledAfterMs ? tell(course) : undefined;
  };

  function tell(to: Course): Readonly<{ from: Course; to: Course }> {
    const from = told;
    told = to;
    better = undefined;
    return { from, to };
  }
}

function boundOf(tier: TrustTier, course: Course): number | null {
  const { stalenessBoundSeconds, bridgeSilenceSeconds } = trustMatrix[tier];
  switch (course) {
    case 'local':
      return stalenessBoundSeconds;
    case 'degraded':
      return bridgeSilenceSeconds;
    case 'introspect':
      return 0;
    case 'anonymous':
    case 'unavailable':
      return null;
  }
}
