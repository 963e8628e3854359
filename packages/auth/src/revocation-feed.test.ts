import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FeedMessage } from './feed-position.ts';
import {
  followRevocations,
  liveWithinMs,
  type FeedHandlers,
  type FeedSource,
  type RevocationFeed,
} from './revocation-feed.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  feed?.close();
  vi.useRealTimers();
});

let feed: RevocationFeed | undefined;

const event = (position: number): FeedMessage => ({
  type: 'event',
  event: { position, kind: 'token', tokenId: `t${position}` },
});
const heartbeat = (position: number): FeedMessage => ({ type: 'heartbeat', position });
const revoked = (name: string): boolean =>
  feed?.isRevoked({ tokenId: name, subject: 's', client: 'c', keyId: 'k' }) ?? false;

/** The far end of the feed, by hand. */
function farEnd() {
  const connections: { from: number | undefined; handlers: FeedHandlers; open: boolean }[] = [];
  const source: FeedSource = (from, handlers) => {
    const connection = { from, handlers, open: true };
    connections.push(connection);
    return () => (connection.open = false);
  };
  const send = (...messages: FeedMessage[]): void => {
    for (const message of messages) connections.at(-1)?.handlers.onMessage(message);
  };
  return { connections, source, send };
}

test('before the first heartbeat nothing is proven', () => {
  const { source, send } = farEnd();
  feed = followRevocations(source);
  expect(feed.silenceMs()).toBe(Infinity);
  send(event(1));
  expect(feed.silenceMs()).toBe(Infinity);
  expect(revoked('t1')).toBe(true);
  send(heartbeat(1));
  expect(feed.silenceMs()).toBe(0);
});

test('a heartbeat beyond what arrived proves nothing: the feed connects again from its last position', () => {
  const { connections, source, send } = farEnd();
  feed = followRevocations(source);
  send(heartbeat(4));
  vi.advanceTimersByTime(1000);
  send(heartbeat(6));
  expect(feed.silenceMs()).toBe(1000);
  vi.advanceTimersByTime(2000);
  expect(connections.map(({ from, open }) => ({ from, open }))).toEqual([
    { from: undefined, open: false },
    { from: 4, open: true },
  ]);
  send(event(5), event(6), heartbeat(6));
  expect(revoked('t5') && revoked('t6')).toBe(true);
  expect(feed.silenceMs()).toBe(0);
});

test('a lost event inside a connection is noticed by the next one', () => {
  const { connections, source, send } = farEnd();
  feed = followRevocations(source);
  send(heartbeat(0), event(1), event(3));
  vi.advanceTimersByTime(2000);
  expect(connections.at(-1)?.from).toBe(1);
});

test('repeated and reordered events change nothing', () => {
  const { connections, source, send } = farEnd();
  feed = followRevocations(source);
  send(heartbeat(0), event(1), event(2), event(1), event(2), heartbeat(2));
  expect(feed.position()).toBe(2);
  expect(connections.length).toBe(1);
});

test('after a long absence the authority may begin further on: older rows concern no live token', () => {
  const { connections, source, send } = farEnd();
  feed = followRevocations(source);
  send(heartbeat(3));
  connections[0]?.handlers.onEnd(new Error('gone'));
  vi.advanceTimersByTime(2000);
  send(event(90), heartbeat(90));
  expect(feed.position()).toBe(90);
  expect(feed.silenceMs()).toBe(0);
});

test('an authority whose positions went back is followed from its beginning', () => {
  const { connections, source, send } = farEnd();
  feed = followRevocations(source);
  send(heartbeat(50), event(51), heartbeat(7));
  vi.advanceTimersByTime(2000);
  expect(connections.at(-1)?.from).toBeUndefined();
  expect(revoked('t51')).toBe(true);
});

test('a silent feed is told once, connected again, and told once when it is alive', () => {
  const { connections, source, send } = farEnd();
  const told: boolean[] = [];
  feed = followRevocations(source, { onLiveness: (alive) => told.push(alive), random: () => 0 });
  send(heartbeat(0));
  vi.advanceTimersByTime(liveWithinMs + 1000);
  expect(told).toEqual([true, false]);
  expect(connections[0]?.open).toBe(false);
  vi.advanceTimersByTime(20_000);
  expect(connections.length).toBeGreaterThan(2);
  send(heartbeat(0));
  expect(told).toEqual([true, false, true]);
});

test('a connection that is slow to open is not given up before its time', () => {
  const { connections, source, send } = farEnd();
  feed = followRevocations(source);
  vi.advanceTimersByTime(3000);
  expect(connections.length).toBe(1);
  send(heartbeat(0));
  vi.advanceTimersByTime(3000);
  expect(connections.length).toBe(1);
});

test('reconnects wait longer each time, up to two seconds', () => {
  const { connections, source } = farEnd();
  feed = followRevocations(source, { random: () => 1 });
  const times: number[] = [];
  for (let tries = 0; tries < 8; tries += 1) {
    const before = connections.length;
    connections.at(-1)?.handlers.onEnd(new Error('refused'));
    const startedAt = performance.now();
    while (connections.length === before) vi.advanceTimersByTime(10);
    times.push(Math.round(performance.now() - startedAt));
  }
  expect(times).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000]);
});

test('a connection that the authority ends well is opened again at once', () => {
  const { connections, source, send } = farEnd();
  feed = followRevocations(source);
  send(heartbeat(2));
  connections[0]?.handlers.onEnd();
  vi.advanceTimersByTime(1);
  expect(connections[1]?.from).toBe(2);
});

test('messages of a connection that was given up are ignored', () => {
  const { connections, source, send } = farEnd();
  feed = followRevocations(source);
  send(heartbeat(0));
  const old = connections[0]?.handlers;
  old?.onEnd(new Error('gone'));
  old?.onMessage(event(1));
  expect(revoked('t1')).toBe(false);
});
