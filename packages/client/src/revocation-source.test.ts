import { followRevocations, type FeedMessage } from '@sallyport/auth';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuthorityUnavailable } from './authority-failure.ts';
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
const snapshot = (position: number): FeedMessage => ({
  type: 'snapshot',
  page: 0,
  inForce: [
    { kind: 'key', keyId: 'k' },
    { kind: 'policy', version: 1 },
  ],
  position,
});

/** Opens one connection and gathers what it says until it ends. */
function listen(from?: number, source = open().feed) {
  const messages: FeedMessage[] = [];
  const end = Promise.withResolvers<unknown>();
  let ends = 0;
  const stop = source.open(from, {
    onMessage: (message) => messages.push(message) > 0,
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
    yield snapshot(0);
    yield ended(1);
    yield ended(2);
    yield heartbeat(2);
  };
  const connection = listen();
  expect(await connection.ended).toBeUndefined();
  expect(connection.messages).toEqual([snapshot(0), ended(1), ended(2), heartbeat(2)]);
  expect(opened.peer.subscribers).toEqual([{ from: undefined, authorization: 'Bearer token-1' }]);
});

test('a position goes out as the id that came with it; one that came from nowhere is none', async () => {
  opened.peer.stream = async function* () {
    yield snapshot(40);
    yield ended(41);
  };
  const source = open().feed;
  await listen(undefined, source).ended;
  await listen(41, source).ended;
  await listen(7, source).ended;
  expect(opened.peer.subscribers.map(({ from }) => from)).toEqual([undefined, '41.here', undefined]);
});

test('the position that was reached, with something else there, is no answer: it is another history', async () => {
  opened.peer.stream = async function* () {
    yield snapshot(17);
  };
  const source = open().feed;
  await listen(undefined, source).ended;
  const signal = AbortSignal.timeout(5000);
  for (const [place, outcome] of [
    ['17.here', 17],
    ['17.there', expect.any(AuthorityUnavailable)],
  ]) {
    opened.peer.answerPosition = async () => ({ position: 17, place });
    expect(await source.askPosition(signal).catch((error: unknown) => error)).toEqual(outcome);
  }
});

test('the position is asked for anew each time; what is no answer to that is an outage', async () => {
  const { askPosition } = open().feed;
  const signal = AbortSignal.timeout(5000);
  opened.peer.answerPosition = async () => ({ position: 17, place: '17.here' });
  expect(await askPosition(signal)).toBe(17);
  for (const answer of [{}, { position: -1, place: '' }, { position: '17', place: '' }, { position: 17 }, 17]) {
    opened.peer.answerPosition = async () => answer;
    await expect(askPosition(signal)).rejects.toBeInstanceOf(AuthorityUnavailable);
  }
  const abort = new AbortController();
  opened.peer.answerPosition = () => new Promise(() => abort.abort());
  await expect(askPosition(abort.signal)).rejects.toBeInstanceOf(AuthorityUnavailable);
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
      service.feed.open(undefined, { onMessage: () => true, onEnd: resolve });
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
    position = Number.parseInt(from ?? '0', 10);
    yield from === undefined ? snapshot(0) : { type: 'resumed', position };
    position += 1;
    yield ended(position);
    yield heartbeat(position);
    await forever(signal);
  };
  const feed = followRevocations(open().feed, { random: () => 0 });
  await expect.poll(() => feed.position()).toBe(1);
  network.breakConnections();
  await expect.poll(() => feed.position(), { timeout: 5000 }).toBe(2);
  feed.close();
  expect(opened.peer.subscribers.map(({ from }) => from)).toEqual([undefined, '1.here']);
});
