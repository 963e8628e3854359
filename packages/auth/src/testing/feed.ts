import type { FeedHandlers } from '../feed-connection.ts';
import type { FeedMessage, Notice, RevocationEvent } from '../feed-position.ts';
import type { FeedSource } from '../revocation-feed.ts';
import type { Revocation } from '../revocations.ts';

/** What happens to one message on its way: it never comes, comes twice, or comes after the next one. */
export type MessageFault = 'lost' | 'twice' | 'swapped';

type Connection = {
  readonly handlers: FeedHandlers;
  /** How far this connection was sent. */
  sent: number;
  kept: FeedMessage[];
  swapped: FeedMessage | undefined;
};

/**
 * A revocation feed in memory. Followers hear of a revocation at once and their questions are answered at once, unless
 * something else is staged.
 */
export function testFeed(pageSize = 100) {
  let events: RevocationEvent[] = [];
  const connections = new Set<Connection>();
  const faults: MessageFault[] = [];
  const unanswered = new Set<() => void>();
  let frozen = false;
  let answering = true;

  function deliver(connection: Connection, message: FeedMessage): void {
    if (!connections.has(connection)) return;
    if (frozen) return void connection.kept.push(message);
    const fault = faults.shift();
    if (fault === 'swapped') return void (connection.swapped = message);
    if (fault !== 'lost') connection.handlers.onMessage(message);
    if (fault === 'twice') connection.handlers.onMessage(message);
    const late = connection.swapped;
    connection.swapped = undefined;
    if (late !== undefined) deliver(connection, late);
  }

  function sendNews(connection: Connection): void {
    for (const event of events.slice(connection.sent)) {
      connection.sent = event.position;
      deliver(connection, { type: 'event', event });
    }
    deliver(connection, { type: 'heartbeat', position: connection.sent });
  }

  function sendSnapshot(connection: Connection): void {
    connection.sent = events.length;
    const pages = Math.max(1, Math.ceil(events.length / pageSize));
    for (let page = 0; page < pages; page += 1) {
      const inForce = events.slice(page * pageSize, (page + 1) * pageSize);
      const last = page === pages - 1 && { position: connection.sent };
      deliver(connection, { type: 'snapshot', page, inForce, ...last });
    }
  }

  /** A source for one follower. It knows the event behind the position that the follower comes back with. */
  function openSource(): FeedSource {
    let reached: RevocationEvent | undefined;
    const canContinue = (from: number): boolean =>
      from <= events.length && (from === 0 || (reached?.position === from && events[from - 1] === reached));

    return {
      open(from, handlers) {
        const noting: FeedHandlers = {
          ...handlers,
          onMessage: (message) => {
            const isTaken = handlers.onMessage(message);
            if (isTaken) reached = lastEventOf(message) ?? reached;
            return isTaken;
          },
        };
        const connection: Connection = { handlers: noting, sent: from ?? 0, kept: [], swapped: undefined };
        connections.add(connection);
        queueMicrotask(() => {
          if (from === undefined || !canContinue(from)) sendSnapshot(connection);
          else deliver(connection, { type: 'resumed', position: from });
          sendNews(connection);
        });
        return () => connections.delete(connection);
      },
      async askPosition(signal) {
        await untilAnswering(signal);
        return events.length;
      },
    };
  }

  function lastEventOf(message: FeedMessage): RevocationEvent | undefined {
    if (message.type === 'event') return message.event;
    return message.type === 'snapshot' && message.position !== undefined ? events[message.position - 1] : undefined;
  }

  function untilAnswering(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (answering) return resolve();
      unanswered.add(resolve);
      signal.addEventListener('abort', () => {
        unanswered.delete(resolve);
        reject(new Error('the test feed did not answer'));
      });
    });
  }

  const feed = {
    openSource,
    /** Sends what is new, and a heartbeat. */
    beat: (): void => connections.forEach(sendNews),
    /** Answers its position. */
    append: (told: Revocation | Notice): number => {
      const position = events.push({ position: events.length + 1, ...told });
      feed.beat();
      return position;
    },
    /** Stages faults for the next messages, in their order. */
    stage: (...staged: readonly MessageFault[]): void => void faults.push(...staged),
    /** While frozen, the stream stands still; what was sent arrives, in order, when it is thawed. */
    freeze: (value: boolean): void => {
      frozen = value;
      if (frozen) return;
      for (const connection of connections)
        for (const message of connection.kept.splice(0)) deliver(connection, message);
    },
    /** While false, no question is answered. */
    answer: (value: boolean): void => {
      answering = value;
      if (!answering) return;
      for (const resolve of unanswered) resolve();
      unanswered.clear();
    },
    /** While held, followers hear nothing: the stream is frozen and no question is answered. */
    hold: (value: boolean): void => {
      feed.answer(!value);
      feed.freeze(value);
    },
    /** Ends every connection, as a network does. */
    cut: (): void => {
      for (const { handlers } of connections) handlers.onEnd(new Error('the test feed was cut'));
    },
    /** The authority restarts from an older state: only its first `keeping` events are left, and connections end. */
    restart: (keeping = events.length): void => {
      events = events.slice(0, keeping);
      feed.cut();
    },
  };
  return feed;
}
