export type FeedProof = Readonly<{
  /** The authority, asked at `askedAtMs`, was at `position`. */
  answered: (position: number, askedAtMs: number) => void;
  /** All events up to `position` are here. True when something is proven that was not before. */
  reached: (position: number | undefined) => boolean;
  /** Monotonic: everything that was committed before it is here. -Infinity until something is proven. */
  provenAtMs: () => number;
  /** The position in the newest answer. */
  lastAnswer: () => number | undefined;
  /** Answers so far prove nothing any more. What was proven stays so, unless `proven` goes as well. */
  forget: (what: 'answers' | 'answers and proven') => void;
}>;

/** Answers that wait for the stream, at most: two minutes of them, which is longer than any tier bridges. */
const maxWaiting = 120;

/**
 * What proves that nothing is missing. A question asked at t0 is answered P: whatever was committed before t0 has a position of at most
 * P, so once all up to P is here, everything from before t0 is. Neither events nor heartbeats prove that: a network
 * that holds the whole stream back evenly delivers both.
 */
export function feedProof(): FeedProof {
  let waiting: { position: number; askedAtMs: number }[] = [];
  let provenAtMs = -Infinity;
  let lastAnswer: number | undefined;

  return {
    provenAtMs: () => provenAtMs,
    lastAnswer: () => lastAnswer,

    answered(position, askedAtMs) {
      lastAnswer = position;
      // A later answer of the same position proves more.
      if (waiting.at(-1)?.position === position) waiting.pop();
      waiting.push({ position, askedAtMs });
      if (waiting.length > maxWaiting) waiting.shift();
    },

    reached(position) {
      if (position === undefined) return false;
      const proven = waiting.filter((answer) => answer.position <= position).map(({ askedAtMs }) => askedAtMs);
      if (proven.length === 0) return false;
      waiting = waiting.filter((answer) => answer.position > position);
      provenAtMs = Math.max(provenAtMs, ...proven);
      return true;
    },

    forget(what) {
      waiting = [];
      lastAnswer = undefined;
      if (what === 'answers and proven') provenAtMs = -Infinity;
    },
  };
}
