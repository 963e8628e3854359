import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { echoRoute, exampleService } from './example-service.ts';

let service: Awaited<ReturnType<typeof exampleService>>;

beforeAll(async () => {
  service = await exampleService({ routes: [echoRoute] });
});

afterAll(() => service.stop());

const json = { 'content-type': 'application/json' };

function post(
  path: string,
  body: NonNullable<RequestInit['body']> | undefined,
  headers: Record<string, string> = json,
) {
  return fetch(`${service.url}${path}`, {
    method: 'POST',
    headers,
    ...(body !== undefined && { body, duplex: 'half' }),
  });
}

const errorAnswer = z.strictObject({
  error: z.strictObject({
    message: z.string().regex(/^[A-Z][^\n]*\.$/),
    code: z.int().negative(),
    data: z.strictObject({ code: z.string().regex(/^[A-Z_]+$/), httpStatus: z.int(), reason: z.string() }),
  }),
});

/** Status and reason of an error that has the one shape of all errors, and nothing beside it. */
async function refusalOf(response: Response): Promise<string> {
  expectStandingHeaders(response);
  const { data } = errorAnswer.parse(await response.json()).error;
  expect(data.httpStatus).toBe(response.status);
  return `${response.status} ${data.reason}`;
}

function expectStandingHeaders(response: Response) {
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('request-id')).toMatch(/^[0-9a-f]{32}$/);
}

function streamed(text: string): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < text.length; at += 8192) controller.enqueue(Buffer.from(text.slice(at, at + 8192)));
      controller.close();
    },
  });
}

/** Sends bytes as they are and answers everything that comes back until the server closes. */
function raw(bytes: string, url = service.url): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}

test('a body over the limit is refused, whether or not its length was announced, and nothing is done', async () => {
  const before = service.effects.count;
  const tooMuch = JSON.stringify({ amount: 1, note: { text: 'x'.repeat(64 * 1024) } });
  expect(await refusalOf(await post('/trpc/add', tooMuch))).toBe('413 payload_too_large');
  expect(await refusalOf(await post('/trpc/add', streamed(tooMuch)))).toBe('413 payload_too_large');
  expect(await refusalOf(await post('/oauth/echo', `a=${'x'.repeat(64 * 1024)}`))).toBe('413 payload_too_large');
  const inBounds = JSON.stringify({ amount: 1, note: { text: 'x'.repeat(63 * 1024) } });
  expect((await post('/trpc/add', inBounds)).status).toBe(200);
  expect(service.effects.count).toBe(before + 1);
});

test('a body that says it is huge is refused before it is read', async () => {
  const answer = await raw(
    'POST /trpc/add HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toMatch(/\r\nConnection: close\r\n/i);
});

test.each([
  ['none', {}],
  ['text/plain', { 'content-type': 'text/plain' }],
  ['application/x-www-form-urlencoded', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['multipart/form-data', { 'content-type': 'multipart/form-data; boundary=b' }],
  ['application/octet-stream', { 'content-type': 'application/octet-stream' }],
  ['application/jsonp', { 'content-type': 'application/jsonp' }],
  ['text/plain that mentions JSON', { 'content-type': 'text/plain; application/json' }],
  ['compressed JSON', { ...json, 'content-encoding': 'gzip' }],
])('a mutation sent with content type %s is not carried out', async (_name, headers: Record<string, string>) => {
  const before = service.effects.count;
  // Bytes, so that fetch adds no content type of its own.
  expect(await refusalOf(await post('/trpc/touch', new Uint8Array(0), headers))).toBe('415 unsupported_media_type');
  expect(await refusalOf(await post('/trpc/touch', Buffer.from('{}'), headers))).toBe('415 unsupported_media_type');
  expect(service.effects.count).toBe(before);
});

test('a POST that announces no body is answered as one with an empty body', async () => {
  const before = service.effects.count;
  for (const length of ['', 'Content-Length: 0\r\n']) {
    const answer = await raw(
      `POST /trpc/touch HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n${length}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  }
  expect(service.effects.count).toBe(before + 2);
});

test('two content types are refused', async () => {
  const answer = await raw(
    'POST /trpc/touch HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 415 /);
});

test('JSON with parameters on its content type is accepted', async () => {
  const response = await post('/trpc/touch', '', { 'content-type': 'Application/JSON; charset=utf-8' });
  expect(response.status).toBe(200);
  expectStandingHeaders(response);
});

test('a batch over the limit is refused, and no call of it is carried out', async () => {
  const before = service.effects.count;
  const eleven = Array.from({ length: 11 }, () => 'touch').join(',');
  expect(await refusalOf(await post(`/trpc/${eleven}?batch=1`, '{}'))).toBe('400 too_many_calls');
  const encoded = Array.from({ length: 11 }, () => 'touch').join('%2C');
  expect(await refusalOf(await post(`/trpc/${encoded}?batch=1`, '{}'))).toBe('400 too_many_calls');
  expect(service.effects.count).toBe(before);
  const ten = Array.from({ length: 10 }, () => 'touch').join(',');
  expect((await post(`/trpc/${ten}?batch=1`, '{}')).status).toBe(200);
  expect(service.effects.count).toBe(before + 10);
});

test('where one call is the limit, a batch of one call passes and two do not', async () => {
  await using strict = await exampleService({ maxBatchSize: 1 });
  const one = await fetch(`${strict.url}/trpc/touch?batch=1`, { method: 'POST', headers: json, body: '{}' });
  expect(one.status).toBe(200);
  const two = await fetch(`${strict.url}/trpc/touch,touch?batch=1`, { method: 'POST', headers: json, body: '{}' });
  expect(await refusalOf(two)).toBe('400 too_many_calls');
  expect(strict.effects.count).toBe(1);
});

test('a mutation is not carried out by GET, HEAD or any other method', async () => {
  const before = service.effects.count;
  expect(await refusalOf(await fetch(`${service.url}/trpc/touch`))).toBe('405 method_not_allowed');
  const head = await fetch(`${service.url}/trpc/touch`, { method: 'HEAD' });
  expect({ status: head.status, body: await head.text() }).toEqual({ status: 405, body: '' });
  expectStandingHeaders(head);
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
    const response = await fetch(`${service.url}/trpc/touch`, { method });
    expect(response.headers.get('allow')).toBe('GET, POST');
    expect(await refusalOf(response)).toBe('405 method_not_allowed');
  }
  expect(service.effects.count).toBe(before);
});

test('HEAD carries out no query either', async () => {
  const before = service.seen.length;
  expect((await fetch(`${service.url}/trpc/hello`, { method: 'HEAD' })).status).toBe(405);
  expect(service.seen.length).toBe(before);
});

test('a query may come as POST, so that its input stays out of addresses', async () => {
  const response = await post('/trpc/hello', JSON.stringify({ name: 'Ada' }));
  expect(await response.json()).toEqual({ result: { data: 'hello Ada' } });
});

test('long addresses are refused without repeating them', async () => {
  const input = encodeURIComponent(JSON.stringify({ name: 'x'.repeat(8192) }));
  expect(await refusalOf(await fetch(`${service.url}/trpc/hello?input=${input}`))).toBe('414 uri_too_long');
  const commas = await fetch(`${service.url}/trpc/${','.repeat(14_000)}?batch=1`);
  expect((await commas.clone().text()).length).toBeLessThan(300);
  expect(await refusalOf(commas)).toBe('414 uri_too_long');
});

test('an over-long credential is refused before anything looks at it', async () => {
  const before = service.seen.length;
  for (const name of ['authorization', 'txn-token']) {
    const response = await fetch(`${service.url}/trpc/mine`, { headers: { [name]: `Bearer ${'x'.repeat(8193)}` } });
    expect(await refusalOf(response)).toBe('400 invalid_request');
  }
  expect(service.seen.length).toBe(before);
});

test('header blocks that are too large, or too many lines, are refused in the same shape', async () => {
  const large = await raw(`GET /healthz HTTP/1.1\r\nHost: a\r\nX-Filler: ${'x'.repeat(17_000)}\r\n\r\n`);
  expect(large).toMatch(/^HTTP\/1\.1 431 /);
  expect(large).toContain('"reason":"headers_too_large"');
  expect(large).toMatch(/\r\nRequest-Id: [0-9a-f]{32}\r\n/);
  const many = await raw(`GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'X-A: b\r\n'.repeat(100)}\r\n`);
  expect(many).toMatch(/^HTTP\/1\.1 431 /);
});

const poison = 'POST /trpc/touch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n';

test.each([
  ['two lengths', `Content-Length: 0\r\nContent-Length: ${poison.length}\r\n\r\n${poison}`],
  [
    'a length beside chunks',
    `Content-Length: ${poison.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${poison}`,
  ],
  ['an unknown transfer encoding', `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${poison}`],
  ['a folded header', `X-A: b\r\n c\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${poison}`],
  ['a bare line feed', `X-A: b\nX-C: d\r\n\r\n${poison}`],
  ['a GET with a body', `Content-Length: ${poison.length}\r\n\r\n${poison}`],
])('a second request hidden behind %s is never carried out', async (_name, rest) => {
  const before = service.effects.count;
  const answer = await raw(`GET /trpc/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${rest}`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('"reason":"invalid_request"');
  expect(service.effects.count).toBe(before);
});

test('what cannot be read is not answered in the place of a request that is still under way', async () => {
  await using waiting = await exampleService();
  const port = Number(new URL(waiting.url).port);
  const socket = connect(port, '127.0.0.1', () => socket.write('GET /trpc/waits HTTP/1.1\r\nHost: a\r\n\r\n'));
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString()));
  await waiting.waiting.entered.promise;
  socket.write('THIS IS NO REQUEST\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  expect(received).toBe('');
});

test('a request that does not arrive in time is answered 408, and is not carried out', async () => {
  await using strict = await exampleService({ receiveWithinMs: 100 });
  const head = 'POST /trpc/touch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n';
  for (const part of ['GET /trpc/hello HTTP/1.1\r\nHo', `${head}{`]) {
    const answer = await raw(part, strict.url);
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*"reason":"request_timeout"/);
  }
  expect(strict.effects.count).toBe(0);
});

test('connections over the limit are closed', async () => {
  await using strict = await exampleService({ maxConnections: 1 });
  const first = connect(Number(new URL(strict.url).port), '127.0.0.1');
  await new Promise((resolve) => first.once('connect', resolve));
  expect(await raw('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n', strict.url)).toBe('');
  first.destroy();
});

test('broken escapes, broken JSON, JSON that is not UTF-8 and very deep JSON are malformed requests', async () => {
  expect(await refusalOf(await fetch(`${service.url}/trpc/%E0%A4%A?batch=1`))).toBe('400 invalid_request');
  expect(await refusalOf(await fetch(`${service.url}/trpc/%E0%A4%A`))).toBe('400 invalid_request');
  expect(await refusalOf(await post('/trpc/add', '{"amount":1'))).toBe('400 invalid_request');
  expect(await refusalOf(await post('/trpc/add', Buffer.from([0x22, 0xff, 0x22])))).toBe('400 invalid_request');
  expect(await refusalOf(await post('/trpc/keep', `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`))).toBe(
    '400 invalid_request',
  );
  expect((await post('/trpc/keep', JSON.stringify({ a: `"${'['.repeat(500)}` }))).status).toBe(200);
});

test('a body that breaks off is not taken for a whole one', async () => {
  const before = service.effects.count;
  await new Promise<void>((resolve) => {
    const headers = { ...json, 'content-length': '100' };
    const request = httpRequest(`${service.url}/trpc/touch`, { method: 'POST', headers });
    request.on('error', () => resolve());
    request.write('{}', () => request.destroy());
    request.on('close', () => resolve());
  });
  // A later request on the same server has been answered, so the earlier one has been dealt with.
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  expect(service.effects.count).toBe(before);
});

test('an unknown path is a JSON 404, also beside the known ones', async () => {
  for (const path of [
    '/',
    '/nothing',
    '/trpc',
    '/trpcx/hello',
    '/healthz/',
    '/oauth/echo/x',
    '//service.invalid/trpc/hello',
  ]) {
    expect(await refusalOf(await fetch(`${service.url}${path}`))).toBe('404 not_found');
  }
  expect(await refusalOf(await fetch(`${service.url}/trpc/nothing`))).toBe('404 not_found');
});

test('an address that is no path is refused', async () => {
  const answer = await raw('GET http://elsewhere.example/trpc/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

test('input cannot change what all objects inherit', async () => {
  const bodies = [
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"0":{"__proto__":{"polluted":1}}}',
  ];
  for (const body of bodies) {
    await post('/trpc/add', body);
    await post('/trpc/keep', body);
    await post('/trpc/keep,keep?batch=1', body);
    await fetch(`${service.url}/trpc/keep?input=${encodeURIComponent(body)}`);
    await fetch(`${service.url}/trpc/ticks?connectionParams=${encodeURIComponent(body)}`).then((r) => r.body?.cancel());
  }
  await post('/oauth/echo', '__proto__[polluted]=1&constructor=2', {
    'content-type': 'application/x-www-form-urlencoded',
  });
  await raw('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n__proto__: polluted\r\nconstructor: x\r\n\r\n');
  for (const path of ['__proto__', 'constructor', 'hello.__proto__', 'toString', '__proto__.polluted']) {
    expect((await post(`/trpc/${path}`, '{}')).status).toBe(404);
  }
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
});
