import type { Revocation } from './revocations.ts';

/** Positions are gapless whole numbers in commit order. */
export type RevocationEvent = Readonly<{ position: number }> & Revocation;

/** What a feed says: a revocation, or that nothing is missing so far. Only the second proves anything. */
export type FeedMessage =
  | Readonly<{ type: 'event'; event: RevocationEvent }>
  /** Everything up to `position` has been sent before this message. */
  | Readonly<{ type: 'heartbeat'; position: number }>;

type FeedStep =
  | Readonly<{ kind: 'apply'; event: RevocationEvent }>
  /** Nothing is missing up to here. */
  | Readonly<{ kind: 'proof' }>
  | Readonly<{ kind: 'repetition' }>
  /** The connection cannot be trusted further: open another. */
  | Readonly<{ kind: 'broken'; problem: string }>;

export type FeedPosition = Readonly<{
  /** `first`: the message is the first of its connection. */
  take: (message: FeedMessage, first: boolean) => FeedStep;
  /** The last position that was applied; `undefined` before anything is known. */
  current: () => number | undefined;
}>;

/** Follows where a feed stands, and notices what is lost, repeated or out of order. No clock, no I/O. */
export function feedPosition(): FeedPosition {
  let position: number | undefined;

  function takeHeartbeat(reached: number): FeedStep {
    if (position !== undefined && reached > position) return { kind: 'broken', problem: 'the feed has a gap' };
    if (position !== undefined && reached < position) {
      // The authority came back from an older state: begin again with whatever it has.
      position = undefined;
      return { kind: 'broken', problem: 'the feed went back' };
    }
    position = reached;
    return { kind: 'proof' };
  }

  function takeEvent(event: RevocationEvent, first: boolean): FeedStep {
    if (position !== undefined && event.position <= position) return { kind: 'repetition' };
    // A connection may begin further on: what the authority left out is older than any token that is still alive.
    if (!first && position !== undefined && event.position > position + 1) {
      return { kind: 'broken', problem: 'the feed has a gap' };
    }
    position = event.position;
    return { kind: 'apply', event };
  }

  return {
    current: () => position,
    take: (message, first) =>
      message.type === 'heartbeat' ? takeHeartbeat(message.position) : takeEvent(message.event, first),
  };
}
