import type { Clock } from '../clock.ts';
import type { Timers } from '../timers.ts';

/** Time that moves by `advance(milliseconds)` alone, timers included. */
export type VirtualTime = Clock & Timers & Readonly<{ advance: (milliseconds: number) => Promise<void> }>;

/**
 * Clock and timers that move only when they are told to. `advance` runs what is due in its order, and lets everything that
 * hangs on promises settle in between.
 */
export function virtualTime(startsAt = 1_800_000_000): VirtualTime {
  const due = new Map<number, { atMs: number; run: () => void }>();
  let nowMs = 0;
  let made = 0;

  function earliest(untilMs: number): [number, { atMs: number; run: () => void }] | undefined {
    const [first] = [...due].filter(([, { atMs }]) => atMs <= untilMs).toSorted(([, a], [, b]) => a.atMs - b.atMs);
    return first;
  }

  return {
    epochSeconds: () => startsAt + Math.floor(nowMs / 1000),
    monotonicMs: () => nowMs,
    after: (milliseconds, run) => {
      const id = (made += 1);
      due.set(id, { atMs: nowMs + Math.max(0, milliseconds), run });
      return () => due.delete(id);
    },
    async advance(milliseconds) {
      const untilMs = nowMs + milliseconds;
      await settled();
      for (let next = earliest(untilMs); next !== undefined; next = earliest(untilMs)) {
        const [id, { atMs, run }] = next;
        due.delete(id);
        nowMs = atMs;
        run();
        await settled();
      }
      nowMs = untilMs;
    },
  };
}

/** Lets whatever hangs on nothing but promises settle. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 25; turn += 1) await Promise.resolve();
}
