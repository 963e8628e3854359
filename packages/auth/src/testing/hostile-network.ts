import type { FeedHandlers } from '../feed-connection.ts';
import type { FeedMessage, RevocationEvent } from '../feed-position.ts';
import type { FeedSource } from '../revocation-feed.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How the network between an authority and its follower behaves. Times in milliseconds, shares from 0 to 1. */
export type Network = Readonly<{
  /** From sending to arrival, for each message of the stream. Its order is kept. */
  streamDelayMs: number;
  /** Messages take up to this much longer, each by itself: they overtake each other. */
  reorderWithinMs: number;
  lost: number;
  twice: number;
  /** The stream stands still; what was sent arrives when it moves again. */
  frozen: boolean;
  /** Each way. */
  questionDelayMs: number;
  questionsLost: boolean;
}>;

export const goodNetwork: Network = {
  streamDelayMs: 0,
  reorderWithinMs: 0,
  lost: 0,
  twice: 0,
  frozen: false,
  questionDelayMs: 0,
  questionsLost: false,
};

type Commit = Readonly<{ event: RevocationEvent; committedAtMs: number }>;
type Stream = { handlers: FeedHandlers; begun: boolean; sent: number; kept: FeedMessage[]; arrivesAtMs: number };

const pageSize = 2;
const heartbeatMs = 1000;

/** An authority whose every message goes through a network that does what it is told, in virtual time. For one follower. */
export function hostileNetwork(time: VirtualTime, random: () => number) {
  let commits: Commit[] = [];
  let network = goodNetwork;
  let made = 0;
  const streams = new Set<Stream>();
  let reached: RevocationEvent | undefined;

  function arrive(stream: Stream, message: FeedMessage): void {
    if (!streams.has(stream)) return;
    if (stream.handlers.onMessage(message)) reached = lastEventOf(message) ?? reached;
  }

  /** The event at the position that a message ends at, as the authority had it when it sent that. */
  const eventAt = new WeakMap<FeedMessage, RevocationEvent | undefined>();
  const lastEventOf = (message: FeedMessage): RevocationEvent | undefined => eventAt.get(message);

  function send(stream: Stream, message: FeedMessage, last: RevocationEvent | undefined): void {
    eventAt.set(message, last);
    if (network.frozen) return void stream.kept.push(message);
    if (random() < network.lost) return;
    const copies = random() < network.twice ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      stream.arrivesAtMs = Math.max(stream.arrivesAtMs, time.monotonicMs() + network.streamDelayMs);
      const atMs = stream.arrivesAtMs + random() * network.reorderWithinMs;
      time.after(atMs - time.monotonicMs(), () => arrive(stream, message));
    }
  }

  function sendNews(stream: Stream): void {
    for (const { event } of commits.slice(stream.sent)) {
      stream.sent = event.position;
      send(stream, { type: 'event', event }, event);
    }
  }

  function sendSnapshot(stream: Stream): void {
    stream.sent = commits.length;
    for (let page = 0; ; page += 1) {
      const inForce = commits.slice(page * pageSize, (page + 1) * pageSize).map(({ event }) => event);
      const isLast = (page + 1) * pageSize >= commits.length;
      const message = { type: 'snapshot', page, inForce, ...(isLast && { position: stream.sent }) } as const;
      send(stream, message, isLast ? commits.at(-1)?.event : undefined);
      if (isLast) return;
    }
  }

  function beat(stream: Stream): void {
    if (!streams.has(stream)) return;
    sendNews(stream);
    send(stream, { type: 'heartbeat', position: stream.sent }, undefined);
    time.after(heartbeatMs, () => beat(stream));
  }

  const canContinue = (from: number | undefined): from is number =>
    from === 0 || (from !== undefined && reached?.position === from && commits[from - 1]?.event === reached);

  const after = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => void time.after(milliseconds, () => resolve()));

  const source: FeedSource = {
    open(from, handlers) {
      const stream: Stream = { handlers, begun: false, sent: from ?? 0, kept: [], arrivesAtMs: 0 };
      streams.add(stream);
      time.after(network.questionDelayMs, () => {
        if (!streams.has(stream)) return;
        stream.begun = true;
        if (canContinue(from)) send(stream, { type: 'resumed', position: from }, undefined);
        else sendSnapshot(stream);
        beat(stream);
      });
      return () => streams.delete(stream);
    },
    async askPosition() {
      const { questionsLost, questionDelayMs } = network;
      if (questionsLost) return new Promise(() => {});
      await after(questionDelayMs);
      const last = commits.at(-1)?.event;
      await after(questionDelayMs);
      const position = last?.position ?? 0;
      if (reached?.position === position && reached !== last) throw new Error('another history');
      return position;
    },
  };

  return {
    source,
    /** What the authority holds now, with the moment from which on it does. */
    commits: (): readonly Commit[] => commits,
    commit: (): void => {
      made += 1;
      const event: RevocationEvent = { position: commits.length + 1, kind: 'token', tokenId: `t${made}` };
      commits.push({ event, committedAtMs: time.monotonicMs() });
      for (const stream of streams) if (stream.begun) sendNews(stream);
    },
    become: (next: Network): void => {
      network = next;
      if (network.frozen) return;
      for (const stream of streams)
        for (const message of stream.kept.splice(0)) send(stream, message, eventAt.get(message));
    },
    /** Streams end; when `silently`, nobody is told. */
    cut: (silently: boolean): void => {
      for (const stream of streams) {
        streams.delete(stream);
        if (!silently) stream.handlers.onEnd(new Error('cut'));
      }
    },
    /** The authority comes back from an older state. Call `cut` as well: no stream outlives that. */
    lose: (keeping: number): void => {
      commits = commits.slice(0, keeping);
    },
  };
}
