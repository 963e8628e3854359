/** Both times a decision needs, injected so that tests can hold them. */
export type Clock = Readonly<{
  /** Whole seconds since 1970, for comparing with claims such as `exp`. May jump. */
  epochSeconds: () => number;
  /** Milliseconds that only ever grow, for time-to-live, silence and deadlines. No relation to the epoch. */
  monotonicMs: () => number;
}>;

/** This machine's clocks: `Date` for the calendar, `performance.now()` for durations. */
export const systemClock: Clock = {
  epochSeconds: () => Math.floor(Date.now() / 1000),
  monotonicMs: () => performance.now(),
};
