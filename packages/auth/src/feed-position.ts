import type { Restrictions } from './restrictions.ts';
import type { Revocation } from './revocations.ts';

/** What the feed tells beside revocations. It ends nothing: whoever cares hears of it by `onRevocation`. */
export type Notice =
  | Readonly<{ kind: 'policy'; version: number }>
  /** What is ordered across the house from now on: `RevocationFeed.restrictions` answers the newest. */
  | (Readonly<{ kind: 'restrictions' }> & Restrictions);

/** Positions are gapless whole numbers in commit order, from 1. */
export type RevocationEvent = Readonly<{ position: number }> & (Revocation | Notice);

/** What a feed says: a revocation, or that nothing is missing so far. Only the second proves anything. */
/** What a stream says: what is in force, what comes after it, and how far that is. */
export type FeedMessage =
  /** Begins a stream that goes on after the follower's own position: nothing is missing between the two. */
  | Readonly<{ type: 'resumed'; position: number }>
  /**
   * One page of what is in force for any token that can still be alive. A stream begins with pages 0, 1, 2 … when the
   * follower has no position, or one that cannot be continued. The last one says how far they reach.
   */
  | Readonly<{
      type: 'snapshot';
      page: number;
      inForce: readonly (Revocation | Notice)[];
      /** On the last page only: all that was committed up to here is on the pages. */
      position?: number | undefined;
    }>
  | Readonly<{ type: 'event'; event: RevocationEvent }>
  /** Everything up to `position` has been sent before this message. */
  | Readonly<{ type: 'heartbeat'; position: number }>;

export type FeedPosition = Readonly<{
  /** A new connection: it has yet to say where it begins. */
  connect: () => void;
  /** What is wrong with a message that came now, if anything: then the connection cannot be trusted further. */
  take: (message: FeedMessage) => string | undefined;
  /** Everything up to here has arrived. `undefined` until a snapshot is complete. */
  current: () => number | undefined;
  /** The next connection begins with a snapshot. */
  forget: () => void;
}>;

/** Follows where a feed stands, and notices what is lost, repeated or out of order. No clock, no I/O. */
export function feedPosition(): FeedPosition {
  let position: number | undefined;
  let begun = false;
  let nextPage = 0;

  function takeResumption(at: number): string | undefined {
    begun = true;
    if (at === position) return undefined;
    position = undefined;
    return 'the feed was resumed elsewhere';
  }

  function takePage(page: number, reached: number | undefined): string | undefined {
    if (page === 0) {
      begun = true;
      position = undefined;
      nextPage = 0;
    }
    if (page !== nextPage || position !== undefined) return 'the snapshot has a gap';
    nextPage += 1;
    position = reached;
    return undefined;
  }

  function takeEvent(event: RevocationEvent): string | undefined {
    if (!begun) return 'the feed does not say where it begins';
    if (position === undefined) return 'an event came before the snapshot was complete';
    if (event.position > position + 1) return 'the feed has a gap';
    position = Math.max(position, event.position);
    return undefined;
  }

  function takeHeartbeat(reached: number): string | undefined {
    if (!begun) return 'the feed does not say where it begins';
    if (position === undefined) return 'a heartbeat came before the snapshot was complete';
    if (reached > position) return 'the feed has a gap';
    if (reached === position) return undefined;
    position = undefined;
    return 'the feed went back';
  }

  return {
    current: () => position,
    forget: () => (position = undefined),
    connect: () => {
      begun = false;
      nextPage = 0;
    },
    take(message) {
      switch (message.type) {
        case 'resumed':
          return takeResumption(message.position);
        case 'snapshot':
          return takePage(message.page, message.position);
        case 'event':
          return takeEvent(message.event);
        case 'heartbeat':
          return takeHeartbeat(message.position);
      }
    },
  };
}
