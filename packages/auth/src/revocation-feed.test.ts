import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FeedHandlers } from './feed-connection.ts';
import type { FeedMessage } from './feed-position.ts';
import { followRevocations, liveWithinMs, type FollowOptions, type RevocationFeed } from './revocation-feed.ts';
import { virtualTime, type VirtualTime } from './testing.ts';

let time: VirtualTime;
let feed: RevocationFeed;

beforeEach(() => {
  time = virtualTime();
});
afterEach(() => feed.close());

const event = (position: number): FeedMessage => ({
  type: 'event',
  event: { position, kind: 'token', tokenId: `t${position}` },
});
const heartbeat = (position: number): FeedMessage => ({ type: 'heartbeat', position });
const resumed = (position: number): FeedMessage => ({ type: 'resumed', position });
const snapshot = (position: number, ...names: readonly string[]): FeedMessage => ({
  type: 'snapshot',
  page: 0,
  inForce: names.map((tokenId) => ({ kind: 'token', tokenId })),
  position,
});
const isRevoked = (tokenId: string): boolean => feed.isRevoked({ tokenId, subject: 's', client: 'c', keyId: 'k' });

type Question = Readonly<{ answer: (position: number) => Promise<void>; signal: AbortSignal }>;

/** The far end of the feed, by hand. */
function follow(options: FollowOptions = {}) {
  const connections: { from: number | undefined; handlers: FeedHandlers; open: boolean }[] = [];
  const questions: Question[] = [];
  feed = followRevocations(
    {
      open: (from, handlers) => {
        const connection = { from, handlers, open: true };
        connections.push(connection);
        return () => (connection.open = false);
      },
      askPosition: (signal) => {
        const { promise, resolve } = Promise.withResolvers<number>();
        const answer = async (position: number): Promise<void> => {
          resolve(position);
          await time.advance(0);
        };
        questions.push({ answer, signal });
        return promise;
      },
    },
    { clock: time, timers: time, random: () => 0, ...options },
  );
  const send = (...messages: FeedMessage[]): void => {
    for (const message of messages) connections.at(-1)?.handlers.onMessage(message);
  };
  const answer = async (position: number): Promise<void> => questions.at(-1)?.answer(position);
  return { connections, questions, send, answer, froms: () => connections.map(({ from }) => from) };
}

test('only an answered question proves that nothing is missing; a snapshot, events and heartbeats do not', async () => {
  const { send, answer } = follow();
  send(snapshot(3, 'old'), event(4), heartbeat(4));
  expect(isRevoked('old') && isRevoked('t4')).toBe(true);
  expect(feed.silenceMs()).toBe(Infinity);
  await answer(4);
  expect(feed.silenceMs()).toBe(0);
  expect(feed.lag()).toEqual({ silenceMs: 0, eventsBehind: 0 });
});

test('an answer proves its question’s moment, once the stream has come as far as the answer', async () => {
  const { send, answer } = follow();
  send(snapshot(1));
  await time.advance(300);
  await answer(3);
  expect(feed.silenceMs()).toBe(Infinity);
  expect(feed.lag().eventsBehind).toBe(2);
  send(event(2));
  expect(feed.silenceMs()).toBe(Infinity);
  await time.advance(200);
  send(event(3));
  expect(feed.silenceMs()).toBe(500);
});

test('a stream that is late by the same time for every message counts as that late', async () => {
  const { send, questions } = follow();
  send(snapshot(0));
  const lateMs = 2000;
  for (let second = 1; second <= 12; second += 1) {
    await questions.at(-1)?.answer(second);
    await time.advance(1000);
    if (second > lateMs / 1000) send(event(second - lateMs / 1000), heartbeat(second - lateMs / 1000));
  }
  expect(feed.silenceMs()).toBe(lateMs + 1000);
});

test('one question at a time, about once a second; one without an answer is given up after a second', async () => {
  const { questions, send } = follow();
  send(snapshot(0));
  await time.advance(999);
  expect(questions.length).toBe(1);
  await time.advance(1);
  expect(questions[0]?.signal.aborted).toBe(true);
  await time.advance(0);
  expect(questions.length).toBe(2);
  await time.advance(400);
  await questions[1]?.answer(0);
  expect(questions.length).toBe(2);
  await time.advance(600);
  expect(questions.length).toBe(3);
  // The first one's answer comes now: nobody waits for it any more.
  await questions[0]?.answer(0);
  expect(feed.silenceMs()).toBe(1000);
});

test.each([-1, 1.5, Number.NaN, 2 ** 60])('an answer of %d is none', async (position) => {
  const { send, answer } = follow();
  send(snapshot(0));
  await answer(position);
  expect(feed.silenceMs()).toBe(Infinity);
});

test('an answer below what was here when it was asked for: the authority went back, and is followed from a snapshot', async () => {
  const { send, questions, froms } = follow();
  send(snapshot(50));
  await questions[0]?.answer(50);
  send(event(51));
  await time.advance(1000);
  await questions[1]?.answer(40);
  await time.advance(100);
  expect(froms()).toEqual([undefined, undefined]);
  expect(isRevoked('t51')).toBe(true);
  send(snapshot(40), event(41));
  expect(feed.silenceMs()).toBe(1100);
  await time.advance(1000);
  await questions[2]?.answer(41);
  expect(feed.silenceMs()).toBeLessThan(200);
  expect(isRevoked('t51') && isRevoked('t41')).toBe(true);
});

test('an answer from before events that arrived meanwhile is no step back', async () => {
  const { connections, send, answer } = follow();
  send(snapshot(5));
  send(event(6), event(7));
  await answer(5);
  expect(feed.silenceMs()).toBe(0);
  expect(connections.length).toBe(1);
});

test('a heartbeat beyond what arrived shows a gap: the feed connects again from its last position', async () => {
  const { send, answer, connections } = follow();
  send(snapshot(4), heartbeat(6));
  await time.advance(100);
  expect(connections.map(({ from, open }) => ({ from, open }))).toEqual([
    { from: undefined, open: false },
    { from: 4, open: true },
  ]);
  send(resumed(4), event(5), event(6), heartbeat(6));
  await answer(6);
  expect(isRevoked('t5') && isRevoked('t6')).toBe(true);
  expect(feed.silenceMs()).toBe(100);
});

test('a lost event is noticed by the next one, which is in force all the same', async () => {
  const { send, froms } = follow();
  send(snapshot(0), event(1), event(3));
  expect(isRevoked('t3')).toBe(true);
  expect(feed.position()).toBe(1);
  await time.advance(100);
  expect(froms()).toEqual([undefined, 1]);
});

test('repeated and reordered events change nothing', () => {
  const { connections, send } = follow();
  send(snapshot(0), event(1), event(2), event(1), event(2), heartbeat(2));
  expect(feed.position()).toBe(2);
  expect(connections.length).toBe(1);
});

const page = (number: number, tokenId: string, position?: number): FeedMessage => ({
  type: 'snapshot',
  page: number,
  inForce: [{ kind: 'token', tokenId }],
  ...(position !== undefined && { position }),
});

test('a snapshot counts when its last page is here, and none between is missing', async () => {
  const { send, answer } = follow();
  await answer(7);
  send(page(0, 'a'), page(1, 'b'));
  expect(isRevoked('a')).toBe(true);
  expect(feed.position()).toBeUndefined();
  send(page(2, 'c', 7));
  expect(feed.position()).toBe(7);
  expect(feed.silenceMs()).toBe(0);
});

test.each<[string, FeedMessage[]]>([
  ['a page is missing', [page(0, 'a'), page(2, 'c', 7)]],
  ['the first page is missing', [page(1, 'b', 7)]],
  ['a page comes twice', [page(0, 'a'), page(1, 'b'), page(1, 'b'), page(2, 'c', 7)]],
  ['an event comes in between', [page(0, 'a'), event(8), page(1, 'b', 7)]],
  ['a heartbeat comes in between', [page(0, 'a'), heartbeat(7), page(1, 'b', 7)]],
])('a snapshot is begun again when %s', async (_what, messages) => {
  const { send, answer, froms } = follow();
  await answer(7);
  send(...messages);
  expect(feed.position()).toBeUndefined();
  expect(feed.silenceMs()).toBe(Infinity);
  await time.advance(100);
  expect(froms()).toEqual([undefined, undefined]);
});

test('an authority that cannot continue from our position sends a snapshot, and is followed from there', async () => {
  const { connections, send, answer } = follow();
  send(snapshot(3, 'kept'));
  connections[0]?.handlers.onEnd(new Error('gone'));
  await time.advance(2000);
  send(snapshot(90, 'new'), event(91));
  await answer(91);
  expect(feed.position()).toBe(91);
  expect(isRevoked('kept') && isRevoked('new')).toBe(true);
});

test.each<[string, FeedMessage]>([
  ['with the next event', event(4)],
  ['with a heartbeat', heartbeat(3)],
  ['elsewhere', resumed(2)],
])(
  'a connection that does not say that it goes on where we are, but begins %s, is not believed',
  async (_how, message) => {
    const { connections, send, answer, froms } = follow();
    send(snapshot(3));
    connections[0]?.handlers.onEnd(new Error('gone'));
    await time.advance(100);
    send(message);
    await answer(4);
    expect(feed.silenceMs()).toBe(Infinity);
    await time.advance(100);
    expect(froms().length).toBe(3);
  },
);

test('a heartbeat that went back is answered with a new beginning', async () => {
  const { send, froms } = follow();
  send(snapshot(50), event(51), heartbeat(7));
  await time.advance(100);
  expect(froms()).toEqual([undefined, undefined]);
  expect(isRevoked('t51')).toBe(true);
});

test('what is no revocation is told, and revokes nothing', () => {
  const told: unknown[] = [];
  const { send } = follow({ onRevocation: (what) => told.push(what.kind) });
  send(snapshot(0, 'a'), { type: 'event', event: { position: 1, kind: 'policy', version: 3 } }, event(2));
  expect(told).toEqual(['token', 'policy', 'token']);
  expect(feed.position()).toBe(2);
});

test('a silent feed is told once, connected again, and told once when it is alive', async () => {
  const told: boolean[] = [];
  const { connections, questions, send } = follow({ onLiveness: (alive) => told.push(alive) });
  send(snapshot(0));
  await questions[0]?.answer(0);
  await time.advance(liveWithinMs + 1000);
  expect(told).toEqual([true, false]);
  expect(connections[0]?.open).toBe(false);
  await time.advance(20_000);
  expect(connections.length).toBeGreaterThan(2);
  send(snapshot(0));
  await questions.at(-1)?.answer(0);
  expect(told).toEqual([true, false, true]);
});

test('a proof that is old when it comes does not make the feed alive', async () => {
  const told: boolean[] = [];
  const { questions, send } = follow({ onLiveness: (alive) => told.push(alive) });
  send(snapshot(0));
  await questions[0]?.answer(1);
  for (let second = 0; second < 5; second += 1) {
    await time.advance(1000);
    send(heartbeat(0));
  }
  send(event(1));
  expect(feed.silenceMs()).toBe(5000);
  expect(told).toEqual([]);
});

test('while nothing was revoked, a stream that stands still costs nothing: the answers say that nothing is missing', async () => {
  const { questions, send, connections } = follow();
  send(snapshot(4));
  for (let second = 0; second < 10; second += 1) {
    await questions.at(-1)?.answer(4);
    await time.advance(1000);
  }
  expect(feed.silenceMs()).toBeLessThanOrEqual(1000);
  // But whether it would bring something is not known, so it is opened again.
  expect(connections.length).toBeGreaterThan(1);
});

test('a connection that is slow to open is not given up before its time', async () => {
  const { connections, send } = follow();
  await time.advance(3000);
  expect(connections.length).toBe(1);
  send(snapshot(0));
  await time.advance(3000);
  expect(connections.length).toBe(1);
});

test('reconnects wait longer each time, up to two seconds, and by chance', async () => {
  for (const [random, expected] of [
    [0.999_999, [100, 200, 400, 800, 1600, 2000, 2000]],
    [0, [50, 100, 200, 400, 800, 1000, 1000]],
  ] as const) {
    const { connections } = follow({ random: () => random });
    const waits: number[] = [];
    for (const _ of expected) {
      const before = connections.length;
      connections.at(-1)?.handlers.onEnd(new Error('refused'));
      const startedAtMs = time.monotonicMs();
      while (connections.length === before) await time.advance(10);
      waits.push(time.monotonicMs() - startedAtMs);
    }
    expect(waits).toEqual(expected);
    feed.close();
  }
});

test('a connection that the authority ends well is opened again at once', async () => {
  const { connections, send, froms } = follow();
  send(snapshot(2));
  connections[0]?.handlers.onEnd();
  await time.advance(1);
  expect(froms()).toEqual([undefined, 2]);
});

test('messages of a connection that was given up are ignored', () => {
  const { connections, send } = follow();
  send(snapshot(0));
  connections[0]?.handlers.onEnd(new Error('gone'));
  connections[0]?.handlers.onMessage(event(1));
  expect(isRevoked('t1')).toBe(false);
});

test('distrust forgets the proof, tells once, and begins again from a snapshot; what is revoked stays so', async () => {
  const told: unknown[] = [];
  const { send, questions, froms } = follow({
    onLiveness: (alive, error) => told.push(alive, error instanceof Error && error.message),
  });
  send(snapshot(1, 'a'));
  await questions[0]?.answer(1);
  await time.advance(1000);
  feed.distrust('a session was alive here that is not');
  feed.distrust('another was');
  expect(feed.silenceMs()).toBe(Infinity);
  expect(feed.position()).toBeUndefined();
  expect(told).toEqual([true, false, false, 'a session was alive here that is not']);
  // Asked before the doubt: proves nothing after it, although the new snapshot has come as far.
  await time.advance(100);
  expect(froms()).toEqual([undefined, undefined]);
  send(snapshot(1));
  await questions[1]?.answer(1);
  expect(feed.silenceMs()).toBe(Infinity);
  await time.advance(900);
  await questions[2]?.answer(1);
  expect(feed.silenceMs()).toBe(0);
  expect(told.slice(4)).toEqual([true, false]);
  expect(isRevoked('a')).toBe(true);
});

test('after closing nothing is asked, opened or believed', async () => {
  const { connections, questions, send } = follow();
  send(snapshot(0));
  feed.close();
  await questions[0]?.answer(0);
  await time.advance(30_000);
  expect(feed.silenceMs()).toBe(Infinity);
  expect(connections.length).toBe(1);
  expect(questions.length).toBe(1);
  expect(questions[0]?.signal.aborted).toBe(true);
});
