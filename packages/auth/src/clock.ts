/** Both times a decision needs, injected so that tests can hold them. */
export type Clock = Readonly<{
  /** Whole seconds since 1970, for comparing with claims such as `exp`. May jump. */
  epochSeconds: () => number;
  /** Milliseconds that only ever grow, for time-to-live, silence and deadlines. No relation to the epoch. */
  monotonicMs: () => number;
}>;

/**
 * One reading of a clock, for all who decide about one call at once. The clock is a part of it: whoever goes by another one takes a
 * reading of that.
 */
export type Moment = Readonly<{ clock: Clock; monotonicMs: number }>;

/** What the clock says now, and what it said at `moment` if that is its own: a reading takes as long as finding a token in the cache. */
export function monotonicMsAt(clock: Clock, moment: Moment | undefined): number {
  return moment?.clock === clock ? moment.monotonicMs : clock.monotonicMs();
}

/** This machine's clocks: `Date` for the calendar, `performance.now()` for durations. */
export const systemClock: Clock = {
  epochSeconds: () => Math.floor(Date.now() / 1000),
  monotonicMs: () => performance.now(),
};
