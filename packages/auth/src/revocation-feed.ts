import { systemClock, type Clock } from './clock.ts';
import { feedPosition, type FeedMessage, type RevocationEvent } from './feed-position.ts';
import { rememberRevocations, type Revocation, type RevocationSubject } from './revocations.ts';

/** What a `FeedSource` reports to: every message in order, and the end, once. */
export type FeedHandlers = Readonly<{ onMessage: (message: FeedMessage) => void; onEnd: (error?: unknown) => void }>;

/**
 * Opens the feed after position `from` (or at its oldest row) and answers how to close it. `onEnd` is called once, however
 * it ends; nothing is called after closing.
 */
export type FeedSource = (from: number | undefined, handlers: FeedHandlers) => () => void;

/** What this service knows of revocations, and how long ago it last knew all of them. */
export type RevocationFeed = Readonly<{
  /** Milliseconds since this service last knew that it had every revocation. Infinity before the first time. */
  silenceMs: () => number;
  isRevoked: (token: RevocationSubject) => boolean;
  /** Takes note of what another gate was told, so that no gate here says yes again. */
  learn: (revocation: Revocation) => void;
  position: () => number | undefined;
  close: () => void;
}>;

/** Time and chance, for tests to hold, and who is told of what the feed brings. */
export type FollowOptions = Readonly<{
  clock?: Clock;
  /** 0 ≤ random < 1, for the jitter of reconnects. */
  random?: () => number;
  /** Told of each revocation after it is in force, e.g. to load keys again when one is denied. */
  onRevocation?: (event: RevocationEvent) => void;
  /** Told once when the feed is alive, and once when it falls silent. */
  onLiveness?: (alive: boolean, error?: unknown) => void;
}>;

/** A feed that has proven nothing for this long counts as silent: three heartbeats and a half. */
export const liveWithinMs = 3500;
const watchEveryMs = 1000;

/**
 * Follows the authority's revocations. Only a heartbeat whose position was reached proves that nothing is missing; an
 * event alone does not end a silence. A gap inside a connection, or silence, opens a new one from the last position.
 *
 * Not detected: a network that delays the whole stream evenly. Silence is measured from arrival.
 */
export function followRevocations(source: FeedSource, options: FollowOptions = {}): RevocationFeed {
  const clock = options.clock ?? systemClock;
  const revocations = rememberRevocations();
  const position = feedPosition();
  const connection = keepConnected(options.random ?? Math.random);
  let provenAtMs = -Infinity;
  let openedAtMs = -Infinity;
  let alive = false;

  const silenceMs = (): number => clock.monotonicMs() - provenAtMs;

  function setAlive(value: boolean, error?: unknown): void {
    if (alive === value) return;
    alive = value;
    options.onLiveness?.(value, error);
  }

  /** Answers what is wrong with the message, if anything. */
  function receive(message: FeedMessage, first: boolean): string | undefined {
    const step = position.take(message, first);
    if (step.kind === 'broken') return step.problem;
    if (step.kind === 'apply') {
      revocations.add(step.event, clock.monotonicMs());
      options.onRevocation?.(step.event);
    }
    if (step.kind === 'proof') {
      provenAtMs = clock.monotonicMs();
      connection.proven();
      setAlive(true);
    }
    return undefined;
  }

  function connect(handlers: FeedHandlers): () => void {
    openedAtMs = clock.monotonicMs();
    return source(position.current(), handlers);
  }

  connection.open(connect, receive);
  const watch = setInterval(() => {
    if (silenceMs() <= liveWithinMs) return;
    const error = new Error('the feed is silent');
    setAlive(false, error);
    // A new connection gets as long for its first heartbeat as an old one for its next.
    if (clock.monotonicMs() - openedAtMs > liveWithinMs) connection.restart(error);
  }, watchEveryMs);

  return {
    silenceMs,
    position: position.current,
    isRevoked: revocations.covers,
    learn: (revocation) => revocations.add(revocation, clock.monotonicMs()),
    close: () => {
      clearInterval(watch);
      connection.close();
    },
  };
}

const firstRetryMs = 100;
const lastRetryMs = 2000;

type Connect = (handlers: FeedHandlers) => () => void;
type Receive = (message: FeedMessage, first: boolean) => string | undefined;

/** Keeps one connection open: opens the next when one ends, after a wait that doubles until something was proven. */
function keepConnected(random: () => number) {
  let connect: Connect = () => () => {};
  let receive: Receive = () => undefined;
  let giveUp = (): void => {};
  let retry: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let closed = false;

  function openNext(): void {
    retry = undefined;
    let live = true;
    let first = true;
    let disconnect = (): void => {};
    giveUp = () => {
      live = false;
      disconnect();
    };
    const end = (error?: unknown): void => {
      if (live) restart(error);
    };
    disconnect = connect({
      onEnd: end,
      onMessage: (message) => {
        if (!live) return;
        const problem = receive(message, first);
        first = false;
        if (problem !== undefined) end(new Error(problem));
      },
    });
    // It may have ended before it could tell how to close it.
    if (!live) disconnect();
  }

  function restart(error: unknown): void {
    if (closed || retry !== undefined) return;
    giveUp();
    // A connection that ended well (the authority asks for a new login now and then) is opened again at once.
    const wellEnded = error === undefined && failures === 0;
    const ceilingMs = Math.min(lastRetryMs, firstRetryMs * 2 ** failures);
    failures += 1;
    retry = setTimeout(openNext, wellEnded ? 0 : ceilingMs * (0.5 + random() / 2));
  }

  return {
    open: (how: Connect, whatToDo: Receive): void => {
      connect = how;
      receive = whatToDo;
      openNext();
    },
    restart,
    proven: () => (failures = 0),
    close: () => {
      closed = true;
      clearTimeout(retry);
      giveUp();
    },
  };
}
