import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePorts } from '../free-ports.ts';

/** Runs the command until it gives up. */
async function development(env: Readonly<Record<string, string>>): Promise<{ status: number | null; output: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { status, output };
}

async function threeFreePorts(): Promise<Record<string, string>> {
  const [auth, catalog, payments] = await freePorts(3);
  return { AUTH_PORT: String(auth), CATALOG_PORT: String(catalog), PAYMENTS_PORT: String(payments) };
}

test('a taken port is one line that says what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const taken = String(typeof address === 'object' ? address?.port : 0);
  const { status, output } = await development({ ...(await threeFreePorts()), CATALOG_PORT: taken });
  server.close();
  expect(status).toBe(1);
  expect(output).toBe(
    `Port ${taken} is taken, so catalog cannot start: stop what listens there, or set CATALOG_PORT to another port.\n`,
  );
});

test.each([
  ['postgres://me:canary@127.0.0.1:1/none', 'DATABASE_URL: no PostgreSQL answers at 127.0.0.1:1'],
  ['mysql://me:canary@127.0.0.1/none', 'DATABASE_URL is not valid'],
])('a database that cannot be used (%s) is one line without its password', async (url, said) => {
  const { status, output } = await development({ ...(await threeFreePorts()), DATABASE_URL: url });
  expect(status).toBe(1);
  expect(output).toMatch(/^[^\n]+\n$/);
  expect(output.startsWith(said)).toBe(true);
  expect(output).not.toContain('canary');
});

test('a bad setting is one line that names it', async () => {
  const { status, output } = await development({ AUTH_PORT: 'seventy', LOG_LEVEL: 'loud' });
  expect(status).toBe(1);
  expect(output).toMatch(/^AUTH_PORT is not valid.*LOG_LEVEL is not valid[^\n]*\n$/);
});
