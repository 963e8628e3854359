import { systemClock, type Clock } from './clock.ts';
import { keepConnected, type FeedHandlers } from './feed-connection.ts';
import { feedPosition, type FeedMessage, type Notice } from './feed-position.ts';
import { feedProof } from './feed-proof.ts';
import { askRegularly } from './feed-questions.ts';
import { rememberRevocations, type Revocation, type RevocationSubject } from './revocations.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Where revocations come from. Both halves read the same record, the authority's own. */
export type FeedSource = Readonly<{
  /**
   * Opens the feed after position `from`: with its next event, or, without a position or with one that cannot be
   * continued (another history, or older than what is kept), with a snapshot. Answers how to close it. `onEnd` is called
   * once, however it ends; nothing is called after closing.
   */
  open: (from: number | undefined, handlers: FeedHandlers) => () => void;
  /**
   * The position of the last event that is committed: 0 when there is none yet. Read after the call began; an answer that is
   * kept from before would prove what is not so. Rejects when there is none.
   */
  askPosition: (signal: AbortSignal) => Promise<number>;
}>;

/** How far behind a follower is. */
export type FeedLag = Readonly<{
  /** See `RevocationFeed.silenceMs`. */
  silenceMs: number;
  /** Events that the authority was known to have and that are not here. `undefined` while either end is unknown. */
  eventsBehind: number | undefined;
}>;

/** What this service knows of revocations, and how long ago it last knew all of them. */
export type RevocationFeed = Readonly<{
  /**
   * Milliseconds since the moment up to which this service provably has every revocation: what was committed before it
   * is in force here. Infinity before the first proof.
   */
  silenceMs: () => number;
  isRevoked: (token: RevocationSubject) => boolean;
  /** Takes note of what another gate was told, so that no gate here says yes again. */
  learn: (revocation: Revocation) => void;
  /** Whether the feed itself said that the token is revoked, whatever else was learnt. */
  hasTold: (token: RevocationSubject) => boolean;
  /** The position up to which every event is here. `undefined` until a snapshot is complete. */
  position: () => number | undefined;
  lag: () => FeedLag;
  /**
   * What the feed said turned out to be incomplete: forgets the proof, so that the service demotes itself by the matrix,
   * and connects again from a snapshot. Nothing that is revoked here is taken back.
   */
  distrust: (reason: string) => void;
  close: () => void;
}>;

/** Time and chance, for tests to hold, and who is told of what the feed brings. */
export type FollowOptions = Readonly<{
  clock?: Clock;
  timers?: Timers;
  /** 0 ≤ random < 1, for the jitter of reconnects. */
  random?: () => number;
  /**
   * Told of each revocation after it is in force, and of notices, e.g. to load keys again when one is denied. The same
   * one may be told more than once.
   */
  onRevocation?: (told: Revocation | Notice) => void;
  /** Told once when the feed is alive, and once when it falls silent. */
  onLiveness?: (alive: boolean, error?: unknown) => void;
}>;

/** A feed that has proven nothing for this long counts as silent: three questions and a half. Milliseconds. */
export const liveWithinMs = 3500;
const watchEveryMs = 1000;

/**
 * Follows the authority's revocations: a snapshot, then every event after it. What arrives is in force at once, whatever
 * else is wrong with it; nothing is ever taken back.
 *
 * That nothing is missing is proven by answered questions alone (`feed-proof.ts`), so a network that loses, delays or freezes the
 * stream, or both ways, makes the silence grow. A gap, or a stream that says nothing, opens a new connection from the
 * last position; an authority that went back to an older state is followed from a snapshot of it.
 *
 * Not detected: an authority that lies, or that answers questions from another record than its stream.
 */
export function followRevocations(source: FeedSource, options: FollowOptions = {}): RevocationFeed {
  const { clock = systemClock, timers = systemTimers, random = Math.random } = options;
  const told = rememberRevocations();
  const learnt = rememberRevocations();
  const position = feedPosition();
  const proof = feedProof();
  let heardAtMs = -Infinity;
  let alive = false;
  let trouble: unknown;
  /** Counts how often everything was called into doubt: a question from before then proves nothing after. */
  let doubts = 0;

  const silenceMs = (): number => clock.monotonicMs() - proof.provenAtMs();

  const connection = keepConnected({
    timers,
    random,
    receive,
    connect: (handlers) => {
      heardAtMs = clock.monotonicMs();
      return source.open(position.current(), handlers);
    },
    onBroken: (error) => (trouble = error),
  });

  function setAlive(value: boolean, error?: unknown): void {
    if (alive === value) return;
    alive = value;
    options.onLiveness?.(value, error);
  }

  function apply(news: Revocation | Notice): void {
    if (news.kind !== 'policy') told.add(news, clock.monotonicMs());
    options.onRevocation?.(news);
  }

  function receive(message: FeedMessage): string | undefined {
    heardAtMs = clock.monotonicMs();
    if (message.type === 'event') apply(message.event);
    if (message.type === 'snapshot') message.inForce.forEach(apply);
    const problem = position.take(message);
    if (problem === undefined) takeProof();
    return problem;
  }

  function takeProof(): void {
    if (!proof.reached(position.current())) return;
    connection.useful();
    if (silenceMs() <= liveWithinMs) setAlive(true);
  }

  function onAsked(askedAtMs: number): (answer: number) => void {
    const known = position.current() ?? 0;
    const doubtsThen = doubts;
    return (answer) => {
      if (doubts !== doubtsThen) return;
      // What was here when we asked was committed before: an honest answer cannot be less, unless the authority lost it. A
      // snapshot that came meanwhile has taken us there already.
      if (answer < Math.min(known, position.current() ?? 0)) return startOver(new Error('the authority went back'));
      proof.answered(answer, askedAtMs);
      takeProof();
    };
  }

  function startOver(error: Error): void {
    doubts += 1;
    proof.forget('answers');
    position.forget();
    connection.restart(error);
  }

  function watch(): void {
    cancelWatch = timers.after(watchEveryMs, watch);
    const silent = new Error('the feed is silent', { cause: trouble });
    if (silenceMs() > liveWithinMs) setAlive(false, silent);
    if (clock.monotonicMs() - heardAtMs > liveWithinMs) connection.restart(silent);
  }

  connection.open();
  const stopAsking = askRegularly({
    clock,
    timers,
    ask: source.askPosition,
    onAsked,
    onUnanswered: (error) => (trouble = error),
  });
  let cancelWatch = timers.after(watchEveryMs, watch);

  return {
    silenceMs,
    position: position.current,
    lag: () => ({ silenceMs: silenceMs(), eventsBehind: eventsBehind(proof.lastAnswer(), position.current()) }),
    isRevoked: (token) => told.covers(token) || learnt.covers(token),
    hasTold: told.covers,
    learn: (revocation) => learnt.add(revocation, clock.monotonicMs()),
    distrust(reason) {
      const error = new Error(reason);
      startOver(error);
      proof.forget('answers and proven');
      setAlive(false, error);
    },
    close: () => {
      cancelWatch();
      stopAsking();
      connection.close();
    },
  };
}

function eventsBehind(answered: number | undefined, here: number | undefined): number | undefined {
  return answered === undefined || here === undefined ? undefined : Math.max(0, answered - here);
}
