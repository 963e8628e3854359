import { followRevocations, type FeedMessage } from '@sallyport/auth';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientKey, listenForServices, openServicePeer } from './service-testing-peer.ts';
import { openServiceClient } from './service.ts';

const { privateKey } = await clientKey();

let opened: ReturnType<typeof openServicePeer>;
let network: Awaited<ReturnType<typeof listenForServices>>;

beforeEach(async () => {
  opened = openServicePeer();
  network = await listenForServices(opened);
});
afterEach(() => network.close());

const open = () => openServiceClient({ issuer: network.url, clientId: 'catalog', privateKey });

const ended = (position: number): FeedMessage => ({
  type: 'event',
  event: { position, kind: 'session', session: `${position}.s` },
});
const heartbeat = (position: number): FeedMessage => ({ type: 'heartbeat', position });

/** Opens one connection and gathers what it says until it ends. */
function listen(from?: number) {
  const messages: FeedMessage[] = [];
  const end = Promise.withResolvers<unknown>();
  let ends = 0;
  const stop = open().feed(from, {
    onMessage: (message) => messages.push(message),
    onEnd: (error) => {
      ends += 1;
      end.resolve(error);
    },
  });
  return { messages, ended: end.promise, ends: () => ends, stop };
}

const forever = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));

test('the feed says what the authority says, in order, and ends when the authority ends it', async () => {
  opened.peer.stream = async function* () {
    yield ended(1);
    yield ended(2);
    yield heartbeat(2);
  };
  const connection = listen();
  expect(await connection.ended).toBeUndefined();
  expect(connection.messages).toEqual([ended(1), ended(2), heartbeat(2)]);
  expect(opened.peer.subscribers).toEqual([{ from: undefined, authorization: 'Bearer token-1' }]);
});

test('a position resumes after the last event', async () => {
  const connection = listen(41);
  await connection.ended;
  expect(opened.peer.subscribers[0]?.from).toBe('41');
});

test('a broken connection ends once, with an error, and is not opened again from here', async () => {
  opened.peer.stream = async function* (_, signal) {
    yield heartbeat(1);
    await forever(signal);
  };
  const connection = listen();
  await expect.poll(() => connection.messages.length).toBe(1);
  network.breakConnections();
  expect(await connection.ended).toBeInstanceOf(Error);
  expect(connection.ends()).toBe(1);
  expect(opened.peer.subscribers).toHaveLength(1);
});

test('closing ends the stream at the authority and says nothing more', async () => {
  const gone = Promise.withResolvers<void>();
  opened.peer.stream = async function* (_, signal) {
    yield heartbeat(1);
    await forever(signal);
    gone.resolve();
  };
  const connection = listen();
  await expect.poll(() => connection.messages.length).toBe(1);
  connection.stop();
  await gone.promise;
  expect(connection.ends()).toBe(0);
});

test('a refused service token ends the connection, and the next one brings another', async () => {
  opened.peer.refusedTokens.add('token-1');
  const service = open();
  const connect = () =>
    new Promise((resolve) => {
      service.feed(undefined, { onMessage: () => {}, onEnd: resolve });
    });
  expect(await connect()).toBeInstanceOf(Error);
  expect(await connect()).toBeUndefined();
  expect(opened.peer.subscribers).toEqual([{ from: undefined, authorization: 'Bearer token-2' }]);
});

test('no token, no connection: the feed ends with the reason', async () => {
  opened.peer.answerToken = (response) => response.writeHead(401).end('{"error":"invalid_client"}');
  expect(await listen().ended).toBeInstanceOf(Error);
  expect(opened.peer.subscribers).toEqual([]);
});

test('a revocation of a kind that is not known ends the feed instead of being passed over', async () => {
  opened.peer.stream = async function* (_, signal) {
    yield heartbeat(1);
    yield { type: 'event', event: { position: 2, kind: 'planet' } } as never;
    await forever(signal);
  };
  const connection = listen();
  expect(await connection.ended).toBeInstanceOf(Error);
  expect(connection.messages).toEqual([heartbeat(1)]);
});

test('a follower that loses the connection goes on after the last event it understood', async () => {
  let position = 0;
  opened.peer.stream = async function* (from, signal) {
    position = Number(from ?? 0) + 1;
    yield ended(position);
    yield heartbeat(position);
    await forever(signal);
  };
  const feed = followRevocations(open().feed, { random: () => 0 });
  await expect.poll(() => feed.position()).toBe(1);
  network.breakConnections();
  await expect.poll(() => feed.position(), { timeout: 5000 }).toBe(2);
  feed.close();
  expect(opened.peer.subscribers.map(({ from }) => from)).toEqual([undefined, '1']);
});
