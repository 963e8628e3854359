import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callRequests, rareRequests } from './testing/call-requests.ts';
import { twoResolvers } from './testing/two-resolvers.ts';

let two: Awaited<ReturnType<typeof twoResolvers>>;

beforeAll(async () => {
  two = await twoResolvers({ allowedOrigins: ['http://localhost:5173'] });
});

afterAll(() => two.stop());

const token = { audience: 'example', scope: 'example:read' };

test('what is answered directly, and what by tRPC, cannot be told apart', async () => {
  const good = await two.authority.userToken(token);
  const foreign = await two.authority.foreignToken(token);
  const seen = new Set<number | undefined>();
  await fc.assert(
    fc.asyncProperty(callRequests({ good, foreign }), async (sent) => {
      const [direct, official] = await two.send(sent);
      expect(direct).toEqual(official);
      seen.add(direct?.status);
    }),
    { numRuns: 1000, examples: rareRequests.map((sent) => [sent]) },
  );
  // Each class came up, so the comparison means something.
  expect([...seen]).toEqual(expect.arrayContaining([200, 207, 400, 401, 404, 405, 409, 415, 500, 503]));
});

test('requests that are sent before the first is answered are answered in order', async () => {
  const { direct } = two;
  const names = ['says?input=1', 'breaks', 'hello,saysNothing?batch=1', 'waits', 'says?input=2'];
  const requests = names.map((name) => `GET /trpc/${name} HTTP/1.1\r\nHost: a\r\n\r\n`);
  const socket = connect(Number(new URL(direct.url).port), '127.0.0.1', () => socket.write(requests.join('')));
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk) => (received += chunk));
  await direct.waiting.entered.promise;
  direct.waiting.leave.resolve();
  while (!received.includes('{"said":2}')) await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
  const bodies = [...received.matchAll(/\r\n\r\n(.+?)(?=HTTP\/1\.1|$)/g)].map(([, body]) => body);
  expect(bodies).toEqual([
    '{"result":{"data":{"said":1}}}',
    expect.stringContaining('"reason":"internal"'),
    '[{"result":{"data":"hello you"}},{"result":{}}]',
    '{"result":{"data":"done"}}',
    '{"result":{"data":{"said":2}}}',
  ]);
});

test('a caller that sends byte by byte, and reads late, gets its whole answer', async () => {
  const body = JSON.stringify({ text: 'ä'.repeat(30_000) });
  const socket = connect(Number(new URL(two.direct.url).port), '127.0.0.1');
  const head = `POST /trpc/keep HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  const bytes = Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  socket.pause();
  // Halves of a character, too.
  for (const byte of bytes.subarray(0, head.length + 60)) {
    await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
  }
  socket.write(bytes.subarray(head.length + 60), () => socket.resume());
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk) => (received += chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  expect(received).toContain('HTTP/1.1 200 OK');
  expect(received.endsWith(`{"result":{"data":${body}}}`)).toBe(true);
});
