import type { LocalDecision } from './background-confirmation.ts';
import { clockSkewSeconds } from './claims.ts';
import type { Clock } from './clock.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import type { Timers } from './timers.ts';

/** A token that was let in here, and that the authority called inactive. Monotonic milliseconds. */
export type Suspicion = LocalDecision & Readonly<{ decidedAtMs: number; answeredAtMs: number }>;

/** `told`: the feed says so too. `lost`: it is complete, and does not know. `expired`: the token ended before either. */
export type SuspicionOutcome = 'told' | 'lost' | 'expired';

type SuspicionParts = Readonly<{
  revocations: Pick<RevocationFeed, 'silenceMs' | 'hasTold' | 'distrust'>;
  clock: Clock;
  timers: Timers;
  settled: (suspicion: Suspicion, outcome: SuspicionOutcome) => void;
}>;

const lookEveryMs = 500;

/** Waits until the feed says what the authority said, or proves that it never will; then it is distrusted. */
export function followSuspicions({ revocations, clock, timers, settled }: SuspicionParts) {
  let open: readonly Suspicion[] = [];
  let cancel: (() => void) | undefined;
  let closed = false;

  function look(): void {
    cancel?.();
    const looked = open.map((suspicion) => ({ suspicion, outcome: outcomeOf(suspicion) }));
    open = looked.filter(({ outcome }) => outcome === undefined).map(({ suspicion }) => suspicion);
    if (looked.some(({ outcome }) => outcome === 'lost')) {
      revocations.distrust('the feed proved itself complete without a revocation that the authority knows');
    }
    for (const { suspicion, outcome } of looked) if (outcome !== undefined) settled(suspicion, outcome);
    cancel = open.length === 0 ? undefined : timers.after(lookEveryMs, look);
  }

  function outcomeOf({ token, answeredAtMs }: Suspicion): SuspicionOutcome | undefined {
    if (revocations.hasTold(token)) return 'told';
    // Ended by time, or about to: the authority's "no" may mean just that.
    if (token.expiresAt - clock.epochSeconds() <= clockSkewSeconds) return 'expired';
    // What was committed before the answer is in a feed that is complete up to a moment after it.
    return clock.monotonicMs() - revocations.silenceMs() > answeredAtMs ? 'lost' : undefined;
  }

  return {
    add: (suspicion: Suspicion): void => {
      if (closed) return;
      open = [...open, suspicion];
      look();
    },
    close: (): void => {
      closed = true;
      cancel?.();
    },
  };
}
