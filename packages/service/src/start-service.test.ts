import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const settings = { PORT: '0', DATABASE_URL: 'postgres://localhost/x', ISSUER: 'http://localhost:4000' };

type LogRecord = { msg: string; url?: string };

function parseRecord(line: string): LogRecord {
  return JSON.parse(line) as LogRecord;
}

function start(environment: Record<string, string>) {
  const main = fileURLToPath(new URL('example-main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on('line', (line) => lines.push(line));

  /** The first log line with this message. */
  async function logged(message: string): Promise<LogRecord> {
    for (;;) {
      const found = lines.map(parseRecord).find(({ msg }) => msg === message);
      if (found !== undefined) return found;
      await once(reader, 'line');
    }
  }
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode, errors }));
  return { child, lines, logged, ended };
}

async function startReady() {
  const service = start(settings);
  const { url } = await service.logged('listening');
  return { ...service, url: String(url) };
}

test('bad settings are one line on stderr and exit code 2', async () => {
  expect(await start({ PORT: 'many', ISSUER: settings.ISSUER }).ended).toEqual({
    code: 2,
    signal: null,
    errors:
      'example: PORT is not valid. Set it to a free port, 0 to 65535; ' +
      'DATABASE_URL is missing. Set it to postgres://user:password@host:port/database\n',
  });
});

test('a taken port is one line on stderr and a failing exit', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  expect(await start({ ...settings, PORT: port }).ended).toEqual({
    code: 2,
    signal: null,
    errors: `example: Port ${port} is taken: stop what listens there, or set PORT.\n`,
  });
  taken.close();
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops the process in good order', async (signal) => {
  const { child, url, ended, lines } = await startReady();
  const stream = await fetch(`${url}/trpc/ticks`);
  child.kill(signal);
  expect(await ended).toEqual({ code: 0, signal: null, errors: '' });
  expect(lines.map((line) => parseRecord(line).msg).slice(-3)).toEqual(['stopping', 'request', 'stopped']);
  await stream.body?.cancel();
});

test('a second signal does not wait', async () => {
  const { child, url, ended, logged, lines } = await startReady();
  const lost = fetch(`${url}/trpc/waits`).then(
    () => 'answered',
    () => 'lost',
  );
  await fetch(`${url}/entered`);
  child.kill('SIGTERM');
  await logged('stopping');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 1 });
  expect(lines.at(-1)).not.toContain('stopped');
  expect(await lost).toBe('lost');
});

test('an error that nobody caught ends the process with one line that holds no secret', async () => {
  const { url, ended } = await startReady();
  await fetch(`${url}/crash`).catch(() => {});
  const { code, errors } = await ended;
  expect(code).toBe(1);
  expect(errors).toMatch(/^example: stopped by an error: lost \[redacted\][^\n]*example-main\.ts[^\n]*\n$/);
  expect(errors).not.toContain('hunter2');
});
