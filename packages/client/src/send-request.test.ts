import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { sendingBy, sendingByUndici } from './send-request.ts';
import { listenAnywhere } from './testing-server.ts';

const asked: string[] = [];
/** Whose caller has left. */
const gone: string[] = [];
const euro = Buffer.from('€');
const maxAnswerBytes = 1000;
const server = createServer((request, response) => {
  void text(request).then((body) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
    if (request.url === '/elsewhere') response.writeHead(307, { location: '/here' }).end();
    if (request.url === '/refused') response.writeHead(403).end('no');
    if (request.url === '/here') response.end('yes');
    if (request.url === '/pieces') {
      const [first, second] = [euro.subarray(0, 2), euro.subarray(2)];
      response.write(first, () => setImmediate(() => response.end(second)));
    }
    if (request.url === '/broken' || request.url === '/half')
      response.writeHead(200, { 'content-length': 10 }).write('half', () => {
        if (request.url === '/broken') response.destroy();
      });
    if (request.url === '/full') response.end('x'.repeat(maxAnswerBytes));
    // Longer than what is taken, and it does not end.
    if (request.url === '/endless') response.write('x'.repeat(maxAnswerBytes + 1));
    // Nothing for /never.
    if (['/never', '/half', '/endless'].includes(String(request.url)))
      response.on('close', () => gone.push(String(request.url)));
  });
});
let network: Awaited<ReturnType<typeof listenAnywhere>>;
beforeAll(async () => {
  network = await listenAnywhere(server);
});
afterAll(() => network.close());

describe.each([
  ['fetch', sendingBy(fetch, maxAnswerBytes)],
  ['undici', sendingByUndici(maxAnswerBytes)],
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

  test('an answer in pieces is put together, and one that breaks off is none', async () => {
    expect(await post('/pieces')).toEqual({ status: 200, text: '€' });
    await expect(post('/broken')).rejects.toThrow();
  });

  test('an answer that is too long is none, and ends before it fills anything', async () => {
    gone.length = 0;
    expect((await post('/full')).text).toHaveLength(maxAnswerBytes);
    await expect(post('/endless')).rejects.toThrow('The answer is over 1000 bytes.');
    await vi.waitFor(() => expect(gone).toEqual(['/endless']));
    expect(await post('/here')).toEqual({ status: 200, text: 'yes' });
  });

  test.each(['/never', '/half'])('the signal ends the wait for %s, and the request', async (path) => {
    gone.length = 0;
    const reason = new Error('too late');
    const ending = new AbortController();
    const sent = post(path, ending.signal);
    await vi.waitFor(() => expect(asked.at(-1)).toContain(path));
    ending.abort(reason);
    await expect(sent).rejects.toBe(reason);
    await vi.waitFor(() => expect(gone).toEqual([path]));
  });

  test('what nobody waits for any more is not sent', async () => {
    asked.length = 0;
    const reason = new Error('too late');
    await expect(post('/here', AbortSignal.abort(reason))).rejects.toBe(reason);
    await post('/here');
    expect(asked).toHaveLength(1);
  });
});
