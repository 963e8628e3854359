import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { exampleService, recordedLog } from './example-service.ts';

const jwt = 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ1X2FkYSJ9.c2lnbmF0dXJl';
const opaque = 'q3k8Zr0l-yPq2v7WmUuJ9x4C_t5B1nD6fGhKsLaE0oI';

// Matchers, without being `any`.
const someFrames: unknown = expect.arrayContaining([expect.stringMatching(/^at /)]);
const someTime: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
const someNumber: unknown = expect.any(Number);
const someTraceId: unknown = expect.stringMatching(/^[0-9a-f]{32}$/);

test('tokens, long random strings and passwords in addresses do not reach the log, wherever they stand', () => {
  const { log, lines } = recordedLog();
  log.info({ note: `a\n${jwt}`, list: [opaque] }, `got ${jwt} and ${opaque}`);
  log.error({ err: new Error(`postgres://admin:hunter2@db/x refused ${jwt}`, { cause: new Error(opaque) }) }, 'failed');
  log.info({ password: 'hunter2', user: { refreshToken: 'short', name: 'ada' } });
  const text = lines.join('');
  expect(text).not.toMatch(/eyJ|q3k8|hunter2|short/);
  expect(text).toContain('"name":"ada"');
});

test('what a database driver hangs on its errors stays out of the log', () => {
  const { log, records } = recordedLog();
  const failed = new Error('Failed query: insert into "users" values ($1)\nparams: ada@example.com,hunter2');
  Object.assign(failed, {
    params: ['hunter2'],
    query: 'insert',
    detail: 'Key (email)=(ada@example.com)',
    code: '23505',
  });
  log.error({ err: failed }, 'failed');
  const [record] = records();
  expect(record?.['err']).toEqual({
    type: 'Error',
    code: '23505',
    message: 'Failed query: insert into "users" values ($1)',
    stack: someFrames,
  });
});

test('nothing that a caller sends can start a line of its own or move a terminal’s cursor (LOG-02)', async () => {
  await using service = await exampleService();
  const nasty = [
    '\r\n{"level":"info","msg":"forged"}',
    '\u001b[2J\u001b[31m',
    '\u2028forged',
    '\u0085forged',
    '\u202eforged',
  ];
  const { log, lines } = service.log;
  for (const text of nasty) {
    log.info({ name: text }, text);
    await fetch(`${service.url}/trpc/${encodeURIComponent(text)}`, { headers: { 'user-agent': 'x' } });
  }
  await raw(service.url, 'GET /trpc/\u001b[2Jhello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await raw(service.url, 'GET /trpc/\u2028hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  for (const line of lines) {
    expect(line.endsWith('\n')).toBe(true);
    // oxlint-disable-next-line no-control-regex -- these are the characters that must not be there
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    expect(JSON.parse(line)).toMatchObject({ service: 'example' });
  }
  expect(service.log.records().filter(({ msg }) => msg === 'forged')).toEqual([]);
  // Escaping keeps the text: it is still what was logged.
  expect(service.log.records().find(({ msg }) => msg === nasty[0])).toMatchObject({ name: nasty[0] });
});

function raw(url: string, bytes: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    socket
      .resume()
      .once('close', () => resolve())
      .once('error', reject);
  });
}

test('each request is one line, with neither its query, nor its headers, nor its input', async () => {
  await using service = await exampleService();
  const before = service.log.lines.length;
  const input = encodeURIComponent(JSON.stringify({ name: 'canary-input' }));
  await fetch(`${service.url}/trpc/hello?input=${input}&access_token=canary-query`, {
    headers: { authorization: 'Bearer canary-token', cookie: 'a=canary-cookie' },
  }).then((response) => response.text());
  await fetch(`${service.url}/trpc/keep`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify('canary-body'),
  }).then((response) => response.text());
  const lines = service.log.lines.slice(before);
  expect(lines).toHaveLength(2);
  expect(lines.join('')).not.toContain('canary');
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: someTime,
    service: 'example',
    method: 'GET',
    path: '/trpc/hello',
    status: 401,
    ms: someNumber,
    trace: someTraceId,
    client: '127.0.0.1',
    refused: ['token_malformed'],
    msg: 'request',
  });
});

test('probes do not fill the log', async () => {
  await using service = await exampleService();
  await fetch(`${service.url}/healthz`);
  expect(service.log.records().filter(({ path }) => path === '/healthz')).toMatchObject([{ level: 'debug' }]);
});

test('what is asked all the time does not fill the log either, unless it is refused', async () => {
  await using service = await exampleService({ routinePaths: ['/trpc/hello', '/trpc/refuses'] });
  const levelsOf = (path: string) =>
    service.log.records().flatMap((record) => (record['path'] === path ? [record['level']] : []));
  await fetch(`${service.url}/trpc/hello`).then((response) => response.text());
  await fetch(`${service.url}/trpc/refuses`).then((response) => response.text());
  expect([levelsOf('/trpc/hello'), levelsOf('/trpc/refuses')]).toEqual([['debug'], ['info']]);
});
