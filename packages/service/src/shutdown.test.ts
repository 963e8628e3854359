import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { exampleService } from './example-service.ts';

function isListening(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

test('a call under way is finished while new ones are refused', async () => {
  const order: string[] = [];
  const service = await exampleService({ onClose: async () => void order.push('closed') });
  // A second connection that is open, with a request still to come.
  const idle = connect(Number(new URL(service.url).port), '127.0.0.1');
  await new Promise((resolve) => idle.once('connect', resolve));
  idle.write('GET /trpc/hello HTTP/1.1\r\nHost: a\r\n');

  const underWay = fetch(`${service.url}/trpc/waits`);
  await service.waiting.entered.promise;
  const closing = service.close();

  expect(await isListening(service.url)).toBe(false);
  let late = '';
  idle.on('data', (chunk) => (late += chunk.toString()));
  const idleClosed = new Promise((resolve) => idle.once('close', resolve));
  idle.write('\r\n');
  await idleClosed;
  // Node closes such a connection by itself when it looks idle; otherwise the request is answered, with a refusal.
  expect(late).toMatch(/^$|^HTTP\/1\.1 503 [^]*"reason":"temporarily_unavailable"/);
  expect(order).toEqual([]);

  service.waiting.leave.resolve();
  const answer = await underWay;
  expect(answer.headers.get('connection')).toBe('close');
  expect(await answer.json()).toEqual({ result: { data: 'done' } });
  await closing;
  expect(order).toEqual(['closed']);
  await service.stop();
});

test('closing ends open streams in good order', async () => {
  const service = await exampleService({ drainWithinMs: 60_000 });
  const stream = await fetch(`${service.url}/trpc/ticks`);
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  expect(stream.headers.get('cache-control')).toBe('no-store, no-transform');
  const reader = stream.body?.getReader();
  await reader?.read();
  await service.close();
  await service.streams.ended.promise;
  let last = await reader?.read();
  while (last?.done === false) last = await reader?.read();
  // A stream that was cut, rather than ended, would have rejected.
  expect(last?.done).toBe(true);
  await service.stop();
});

test('a call that does not finish in time is told so, and does not keep the service from stopping', async () => {
  const service = await exampleService({ drainWithinMs: 20 });
  const underWay = fetch(`${service.url}/trpc/waits`);
  const lost = underWay.then(
    () => 'answered',
    () => 'lost',
  );
  await service.waiting.entered.promise;
  await service.close();
  expect(await lost).toBe('lost');
  expect(service.seen.at(-1)?.signal.aborted).toBe(true);
  await service.stop();
});

test('a caller that leaves is noticed by what it left', async () => {
  await using service = await exampleService();
  const leave = new AbortController();
  const underWay = fetch(`${service.url}/trpc/waits`, { signal: leave.signal });
  const left = underWay.then(
    () => 'answered',
    () => 'lost',
  );
  await service.waiting.entered.promise;
  const signal = service.seen.at(-1)?.signal;
  const noticed = new Promise((resolve) => signal?.addEventListener('abort', resolve));
  leave.abort();
  expect(await left).toBe('lost');
  await noticed;
});

test.each([
  ['breaksLate', 'an error that befell it all the same is logged', ['request', 'request failed']],
  ['givesUp', 'giving up is no error', ['request']],
])('when the caller of %s has left, %s', async (path, _guarantee, messages) => {
  await using service = await exampleService();
  const before = service.log.lines.length;
  const leave = new AbortController();
  const left = fetch(`${service.url}/trpc/${path}`, { signal: leave.signal }).then(
    () => 'answered',
    () => 'lost',
  );
  await service.waiting.entered.promise;
  leave.abort();
  expect(await left).toBe('lost');
  await service.log.written(before + 1);
  service.waiting.leave.resolve();
  await service.log.written(before + messages.length);
  await service.close();
  expect(
    service.log
      .records()
      .slice(before)
      .map(({ msg }) => msg),
  ).toEqual([...messages, 'stopping', 'stopped']);
});

test('a taken port is one line that says what to do', async () => {
  await using service = await exampleService();
  const port = Number(new URL(service.url).port);
  await expect(exampleService({ port })).rejects.toThrow(
    new RegExp(`^Port ${port} is taken: stop what listens there, or set PORT\\.$`),
  );
});

test('readiness names the missing part, and health does not depend on it', async () => {
  let isThere = false;
  await using service = await exampleService({ readiness: async () => ({ database: true, feed: isThere }) });
  const missing = await fetch(`${service.url}/readyz`);
  expect({ status: missing.status, body: await missing.json() }).toEqual({
    status: 503,
    body: { ready: false, parts: { database: true, feed: false } },
  });
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  isThere = true;
  const ready = await fetch(`${service.url}/readyz`);
  expect({ status: ready.status, body: await ready.json() }).toEqual({
    status: 200,
    body: { ready: true, parts: { database: true, feed: true } },
  });
});

test('readiness that throws is "not ready", without saying why', async () => {
  await using service = await exampleService({
    readiness: () => Promise.reject(new Error('connect to 10.0.0.7 failed')),
  });
  const response = await fetch(`${service.url}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.text()).not.toContain('10.0.0.7');
});
