import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendingBy, sendingByUndici } from './send-json.ts';
import { listenAnywhere } from './testing-server.ts';

const asked: string[] = [];
const server = createServer((request, response) => {
  void text(request).then((body) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
    if (request.url === '/elsewhere') response.writeHead(307, { location: '/here' }).end();
    if (request.url === '/refused') response.writeHead(403).end('no');
    if (request.url === '/here') response.end('yes');
    // Nothing for /never.
  });
});
let network: Awaited<ReturnType<typeof listenAnywhere>>;
beforeAll(async () => {
  network = await listenAnywhere(server);
});
afterAll(() => network.close());

describe.each([
  ['fetch', sendingBy(fetch)],
  ['undici', sendingByUndici()],
])('by %s', (_, send) => {
  const post = (path: string, signal = AbortSignal.timeout(5000)) =>
    send({ url: `${network.url}${path}`, headers: { authorization: 'Bearer t' }, body: '{"a":1}', signal });

  test('an answer comes whole, whatever its status', async () => {
    asked.length = 0;
    expect(await post('/here')).toEqual({ status: 200, text: 'yes' });
    expect(await post('/refused')).toEqual({ status: 403, text: 'no' });
    expect(asked).toEqual(['POST /here Bearer t {"a":1}', 'POST /refused Bearer t {"a":1}']);
  });

  test('no token follows a redirect', async () => {
    asked.length = 0;
    const followed = await post('/elsewhere').then(
      ({ status }) => status === 200,
      () => false,
    );
    expect(followed).toBe(false);
    expect(asked).toEqual(['POST /elsewhere Bearer t {"a":1}']);
  });

  test('the signal ends the wait', async () => {
    await expect(post('/never', AbortSignal.timeout(20))).rejects.toThrow();
  });
});
