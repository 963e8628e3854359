/** Runs something once, later. Injected so that tests can hold time; the answer cancels it. */
export type Timers = Readonly<{ after: (milliseconds: number, run: () => void) => () => void }>;

/** This machine's timers. */
export const systemTimers: Timers = {
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
