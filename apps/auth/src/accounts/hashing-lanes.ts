import { availableParallelism } from 'node:os';
import { TryLater } from '../try-later.ts';

export type LaneOptions = Readonly<{
  /** Pieces of work at a time. */
  lanes: number;
  /** Pieces that may wait for one. */
  maxWaiting: number;
}>;

export type Lanes = Readonly<{
  /** @throws TryLater when the queue is full */
  run: <Result>(work: () => Promise<Result>) => Promise<Result>;
}>;

/** What a hash takes here, roughly: only `Retry-After` is made of it. */
const hashMs = 40;

/**
 * Keeps heavy work to a few threads, first come first served, and turns away what would wait too long.
 *
 * Hashing runs on libuv's pool, as every signature, file and name look-up does, and that pool has one queue: two hundred
 * sign-ins at once would stand in front of everything. Here they stand in a queue of their own.
 */
export function openLanes({ lanes, maxWaiting }: LaneOptions): Lanes {
  const waiting: (() => void)[] = [];
  let free = lanes;

  return {
    async run(work) {
      if (free > 0) free -= 1;
      else if (waiting.length >= maxWaiting)
        throw new TryLater('overloaded', Math.ceil((maxWaiting * hashMs) / lanes / 1000));
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        // The lane is handed on, not freed: nobody overtakes who waits.
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}

/**
 * One core, and two of libuv's threads (4, unless `UV_THREADPOOL_SIZE` says otherwise), are left to everything else. The
 * queue is as long as what can be worked off before a client's patience of some seconds is over.
 */
export function hashingLanes(): Lanes {
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
  const lanes = Math.max(1, Math.min(availableParallelism() - 1, threads - 2));
  return openLanes({ lanes, maxWaiting: 200 * lanes });
}
