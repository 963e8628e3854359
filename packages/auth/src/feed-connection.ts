import type { FeedMessage } from './feed-position.ts';
import type { Timers } from './timers.ts';

/** What a `FeedSource` reports to: every message in order, and the end, once. */
export type FeedHandlers = Readonly<{
  /** Answers whether the message was taken. One that was not says nothing about where the follower stands. */
  onMessage: (message: FeedMessage) => boolean;
  onEnd: (error?: unknown) => void;
}>;

export type FeedConnection = Readonly<{
  open: () => void;
  /** Gives the connection up and opens another, after a wait. Does nothing while one is being waited for. */
  restart: (error: unknown) => void;
  /** The connection has been of use: the next wait is short again. */
  useful: () => void;
  close: () => void;
}>;

export type FeedConnectionOptions = Readonly<{
  timers: Timers;
  /** 0 ≤ random < 1, for the jitter. */
  random: () => number;
  connect: (handlers: FeedHandlers) => () => void;
  /** Answers what is wrong with the message, if anything. */
  receive: (message: FeedMessage) => string | undefined;
  onBroken: (error: unknown) => void;
}>;

const firstRetryMs = 100;
const lastRetryMs = 2000;

/** Keeps one connection open: opens the next when one ends, after a wait that doubles until one was of use. */
export function keepConnected({ timers, random, connect, receive, onBroken }: FeedConnectionOptions): FeedConnection {
  let giveUp = (): void => {};
  let cancelRetry: (() => void) | undefined;
  let failures = 0;
  let closed = false;

  function openNext(): void {
    cancelRetry = undefined;
    let live = true;
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
        if (!live) return false;
        const problem = receive(message);
        if (problem !== undefined) end(new Error(problem));
        return problem === undefined;
      },
    });
    // It may have ended before it could tell how to close it.
    if (!live) disconnect();
  }

  function restart(error: unknown): void {
    if (closed || cancelRetry !== undefined) return;
    giveUp();
    if (error !== undefined) onBroken(error);
    // A connection that ended well (the authority asks for a new login now and then) is opened again at once.
    const wellEnded = error === undefined && failures === 0;
    const ceilingMs = Math.min(lastRetryMs, firstRetryMs * 2 ** failures);
    failures += 1;
    cancelRetry = timers.after(wellEnded ? 0 : ceilingMs * (0.5 + random() / 2), openNext);
  }

  return {
    open: openNext,
    restart,
    useful: () => (failures = 0),
    close: () => {
      closed = true;
      cancelRetry?.();
      giveUp();
    },
  };
}
