import { availableParallelism } from 'node:os';
import { hash } from '@node-rs/argon2';
import type { Round } from '../figure.ts';
import { takeOrders } from '../orders.ts';

/** What a stored hash says of how it was made. */
export type HashingCost = Readonly<{ memoryCost: number; timeCost: number; parallelism: number }>;

export type Hashing = HashingCost & Readonly<{ lanes: 'as the authority' | 'one for each processor' }>;

// Passwords are hashed, and nothing else is done: no authority can sign people in faster than this.

takeOrders({ round });

/** As many at a time as the authority lets in: it leaves a processor, and two threads of libuv's four, to everything else. */
const lanesOfAuthority = Math.max(1, Math.min(availableParallelism() - 1, 2));

async function round({ forMs, lanes, ...cost }: Hashing & { forMs: number }): Promise<Round> {
  // As the authority hashes: argon2id, with a secret key.
  const parameters = { ...cost, algorithm: 2, secret: new Uint8Array(32) };
  const startedAtMs = performance.now();
  let done = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() - startedAtMs < forMs) {
      await hash('the password of somebody', parameters);
      done += 1;
    }
  };
  const length = lanes === 'as the authority' ? lanesOfAuthority : availableParallelism();
  await Promise.all(Array.from({ length }, lane));
  return { perSecond: (done / (performance.now() - startedAtMs)) * 1000 };
}
