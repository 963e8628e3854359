import { createServer, type ServerResponse } from 'node:http';
import { followRevocations } from '@sallyport/auth';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { AuthorityUnavailable } from './authority-failure.ts';
import { clientKey } from './service-testing-peer.ts';
import { openServiceClient } from './service.ts';
import { listenAnywhere } from './testing-server.ts';

const { privateKey } = await clientKey();
const maxAnswerBytes = 2000;

/** What one connection of the feed says; it never ends by itself. Replaced by tests. */
let say: (response: ServerResponse) => void;
let connections: { isGone: boolean }[];

const server = createServer((request, response) => {
  if (request.url === '/oauth/token') {
    const answer = { access_token: 'token', token_type: 'Bearer', expires_in: 300, scope: 'revocations' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    return;
  }
  // Questions for the position are left unanswered.
  if (!request.url?.startsWith('/trpc/internal.revocations')) return;
  const connection = { isGone: false };
  connections.push(connection);
  response.on('close', () => (connection.isGone = true));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  say(response);
});
let network: Awaited<ReturnType<typeof listenAnywhere>>;
beforeAll(async () => {
  network = await listenAnywhere(server);
});
afterAll(() => network.close());

const open = () => openServiceClient({ issuer: network.url, clientId: 'catalog', privateKey, maxAnswerBytes }).feed;
const item = (position: number, data: object): string =>
  `id: ${position}.here\ndata: ${JSON.stringify({ position, ...data })}\n\n`;

/** Writes until nobody listens any more. */
function writeForever(response: ServerResponse, piece: string): void {
  if (!response.destroyed) response.write(piece, () => setImmediate(writeForever, response, piece));
}

test.each([
  ['in one line', 'x'.repeat(100)],
  ['in many', `data: ${'x'.repeat(100)}\n`],
])('an event that never ends, %s, ends its connection with an error that says so', async (_, piece) => {
  connections = [];
  say = (response) => {
    response.write('data: ');
    writeForever(response, piece);
  };
  const ended = Promise.withResolvers<unknown>();
  open().open(undefined, { onMessage: () => true, onEnd: ended.resolve });
  const error = await ended.promise;
  expect(error).toBeInstanceOf(AuthorityUnavailable);
  expect(error).toMatchObject({ cause: { message: 'Buffered data exceeded max buffer size of 2000 characters' } });
  await vi.waitFor(() => expect(connections).toEqual([{ isGone: true }]));
});

test('many events may be longer together than one, and a follower comes back after one that is too long', async () => {
  connections = [];
  say = (response) => {
    response.write(item(0, { type: 'snapshot', page: 0, inForce: [] }));
    for (let beat = 0; beat < 100; beat += 1) response.write(item(0, { type: 'heartbeat' }));
    say = (again) =>
      again.write(
        item(0, { type: 'resumed' }) +
          item(1, { type: 'event', event: { position: 1, kind: 'session', session: '1.s' } }),
      );
    writeForever(response, `data: ${'x'.repeat(100)}\n`);
  };
  const feed = followRevocations(open(), { random: () => 0 });
  await expect.poll(() => feed.position(), { timeout: 5000 }).toBe(1);
  expect(connections).toEqual([{ isGone: true }, { isGone: false }]);
  feed.close();
});
