import { createHash } from 'node:crypto';
import type { Now } from '../moments.ts';
import { TryLater } from '../try-later.ts';
import { throttleLimits, type LimitName } from './throttle-limits.ts';

/** Where throttles count. One for all instances, so that nobody has as many tries as there are instances. */
export type ThrottleStore = Readonly<{
  /**
   * Adds `cost` to what was used under `key`, in one atomic step, and answers the sum. What is `keepSeconds` old may be
   * forgotten. Rejects when the sum is not known: that is an outage, and never a "yes".
   */
  add: (key: string, cost: number, keepSeconds: number) => Promise<number>;
  forget: (key: string) => Promise<void>;
}>;

export type Throttle = Readonly<{
  /**
   * Takes `cost` points (default 1) of a limit, before what it guards is done.
   * @throws TryLater when they are used up; whatever the store throws when it cannot tell
   */
  take: (limit: LimitName, whose: string, cost?: number) => Promise<void>;
  /** Counts more, for what was refused already: the next call meets it. Never refuses; an outage is an outage. */
  charge: (limit: LimitName, whose: string, cost: number) => Promise<void>;
  /** Gives back all that was taken in this window: whoever it was has proven to be the owner. */
  forgive: (limit: LimitName, whose: string) => Promise<void>;
}>;

export type ThrottleOptions = Readonly<{
  store: ThrottleStore;
  now: Now;
  /** Multiplies every limit. For measurements, which need more than any person. */
  factor?: number | undefined;
}>;

/**
 * Fixed windows by the authority's clock: at worst, twice the points are used around the end of one. Names are hashed, so
 * the store holds no address and no e-mail, and a name of any length.
 */
export function openThrottle({ store, now, factor = 1 }: ThrottleOptions): Throttle {
  const placeOf = (limit: LimitName, whose: string) => {
    const { windowSeconds } = throttleLimits[limit];
    const seconds = now() / 1000;
    const window = Math.floor(seconds / windowSeconds);
    const hash = createHash('sha256').update(whose).digest('base64url');
    return { key: `${limit}:${window}:${hash}`, secondsLeft: Math.ceil((window + 1) * windowSeconds - seconds) };
  };

  return {
    async take(limit, whose, cost = 1) {
      const { points, windowSeconds } = throttleLimits[limit];
      const { key, secondsLeft } = placeOf(limit, whose);
      const used = await store.add(key, cost, 2 * windowSeconds);
      if (used > points * factor) throw new TryLater('too many requests', Math.max(1, secondsLeft));
    },
    async charge(limit, whose, cost) {
      await store.add(placeOf(limit, whose).key, cost, 2 * throttleLimits[limit].windowSeconds);
    },
    forgive: (limit, whose) => store.forget(placeOf(limit, whose).key),
  };
}
