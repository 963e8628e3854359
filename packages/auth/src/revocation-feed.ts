import { systemClock, type Clock, type Moment } from './clock.ts';
import { keepConnected, type FeedHandlers } from './feed-connection.ts';
import { feedKnowledge, type FeedLag } from './feed-knowledge.ts';
import type { Notice } from './feed-position.ts';
import { askRegularly } from './feed-questions.ts';
import type { Restrictions } from './restrictions.ts';
import type { Revocation, RevocationSubject } from './revocations.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Where revocations come from. Both halves read the same record, the authority's own. */
export type FeedSource = Readonly<{
  /**
   * Opens the feed after position `from`, beginning with `resumed`; or, without a position or with one that cannot be
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

/** What this service knows of revocations, and how long ago it last knew all of them. */
export type RevocationFeed = Readonly<{
  /**
   * Milliseconds since the moment up to which this service provably has every revocation: what was committed before it
   * is in force here. Infinity before the first proof. Now, or at a `moment` of the feed's own clock.
   */
  silenceMs: (moment?: Moment) => number;
  isRevoked: (token: RevocationSubject) => boolean;
  /** Takes note of what another gate was told, so that no gate here says yes again. */
  learn: (revocation: Revocation) => void;
  /** Whether the feed itself said that the token is revoked, whatever else was learnt. */
  hasTold: (token: RevocationSubject) => boolean;
  /** What is ordered across the house: `restrictions` of `openGates`. */
  restrictions: () => Restrictions;
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
  const setAlive = liveness(options.onLiveness);
  let heardAtMs = -Infinity;
  let trouble: unknown;

  const knowledge = feedKnowledge({
    clock,
    onTold: (told) => options.onRevocation?.(told),
    onProven: () => {
      connection.useful();
      if (knowledge.silenceMs() <= liveWithinMs) setAlive(true);
    },
  });

  const connection = keepConnected({
    timers,
    random,
    connect: (handlers) => {
      heardAtMs = clock.monotonicMs();
      return source.open(knowledge.connect(), handlers);
    },
    receive: (message) => {
      heardAtMs = clock.monotonicMs();
      return knowledge.receive(message);
    },
    onBroken: (error) => (trouble = error),
  });

  function startOver(reason: string, what: 'position' | 'position and proof'): void {
    const error = new Error(reason);
    knowledge.doubt(what);
    connection.restart(error);
    if (what === 'position and proof') setAlive(false, error);
  }

  function onAsked(askedAtMs: number): (answer: number) => void {
    const take = knowledge.ask(askedAtMs);
    return (answer) => {
      const problem = take(answer);
      if (problem !== undefined) startOver(problem, 'position');
    };
  }

  function watch(): void {
    const silent = new Error('the feed is silent', { cause: trouble });
    if (knowledge.silenceMs() > liveWithinMs) setAlive(false, silent);
    if (clock.monotonicMs() - heardAtMs > liveWithinMs) connection.restart(silent);
  }

  connection.open();
  const onUnanswered = (error: unknown): unknown => (trouble = error);
  const stopAsking = askRegularly({ clock, timers, ask: source.askPosition, onAsked, onUnanswered });
  const stopWatching = repeat(timers, watch);
  const { silenceMs, isRevoked, hasTold, restrictions, learn, position, lag } = knowledge;
  const close = (): void => {
    stopWatching();
    stopAsking();
    connection.close();
  };
  const distrust = (reason: string): void => startOver(reason, 'position and proof');
  return { silenceMs, isRevoked, hasTold, restrictions, learn, position, lag, distrust, close };
}

/** Tells of a change, once. */
function liveness(tell: FollowOptions['onLiveness']): (value: boolean, error?: unknown) => void {
  let alive = false;
  return (value, error) => {
    if (alive === value) return;
    alive = value;
    tell?.(value, error);
  };
}

function repeat(timers: Timers, run: () => void): () => void {
  const again = (): void => {
    cancel = timers.after(watchEveryMs, again);
    run();
  };
  let cancel = timers.after(watchEveryMs, again);
  return () => cancel();
}
