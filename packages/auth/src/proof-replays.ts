import { systemClock, type Clock } from './clock.ts';

/** Remembers the proofs that were used: each is good once (RFC 9449 §11.1). Several instances share one to know of each other's. */
export interface ProofReplays {
  /**
   * True the first time for this proof, false ever after until `expiresAt` (epoch seconds), when the proof itself is no longer
   * good. Of two uses at once, one gets true. Rejects when it cannot say.
   */
  use(proofId: string, expiresAt: number): Promise<boolean>;
}

/** The bound of what is remembered, and the clock that it is forgotten by. */
export type ProofReplaysInMemoryOptions = Readonly<{
  /** Proofs remembered at most. Over it nobody can say whether a proof was used. Default 100,000. */
  maxProofs?: number;
  clock?: Clock;
}>;

const sweepEverySeconds = 30;

/** For a service that runs once. One of several instances would take a proof that another one has seen. */
export function proofReplaysInMemory(options: ProofReplaysInMemoryOptions = {}): ProofReplays {
  const { maxProofs = 100_000, clock = systemClock } = options;
  const used = new Map<string, number>();
  let sweepAt = 0;

  function sweep(now: number): void {
    for (const [proofId, expiresAt] of used) if (expiresAt <= now) used.delete(proofId);
    sweepAt = now + sweepEverySeconds;
  }

  return {
    use: async (proofId, expiresAt) => {
      const now = clock.epochSeconds();
      if (now >= sweepAt || used.size >= maxProofs) sweep(now);
      if (used.has(proofId)) return false;
      if (used.size >= maxProofs) throw new Error(`${maxProofs} proofs of possession are remembered`);
      used.set(proofId, expiresAt);
      return true;
    },
  };
}
