import type { Clock } from '../clock.ts';

/** A clock whose both times move by `advance(seconds)` alone. */
export type HeldClock = Clock & Readonly<{ advance: (seconds: number) => void }>;

/** A clock that moves only when it is told to. `skewSeconds` shifts its calendar, not its monotonic time. */
export function heldClock(startsAt = 1_800_000_000, skewSeconds = 0): HeldClock {
  let elapsedMs = 0;
  return {
    epochSeconds: () => startsAt + skewSeconds + Math.floor(elapsedMs / 1000),
    monotonicMs: () => elapsedMs,
    advance: (seconds) => {
      elapsedMs += seconds * 1000;
    },
  };
}
