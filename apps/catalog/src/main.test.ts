import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@sallyport/auth';
import { testAuthority } from '@sallyport/auth/testing';
import { throwAwayDatabase } from '@sallyport/db/testing';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { migrateCatalog, seedCatalog } from './prepare-database.ts';

test('bad settings are one clear line that names them, and exit code 2', async () => {
  const service = startMain({ DATABASE_URL: 'mysql://x', CLIENT_KEY: '{"kty":"EC"}' });
  const [exit, output, problem]: unknown[] = await Promise.all([
    once(service, 'exit'),
    text(service.stdout),
    text(service.stderr),
  ]);
  expect({ exit, output }).toEqual({ exit: [2, null], output: '' });
  expect(problem).toMatch(/^catalog: .*DATABASE_URL is not valid.*ISSUER is missing.*CLIENT_KEY is not valid.*\n$/);
});

test('without the authority it starts, serves strangers, answers 503 to tokens, and says what is missing', async () => {
  const { url: databaseUrl, drop } = await throwAwayDatabase();
  await migrateCatalog(databaseUrl);
  await seedCatalog(databaseUrl);
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const service = startMain({
    DATABASE_URL: databaseUrl,
    PORT: '0',
    ISSUER: 'http://127.0.0.1:1',
    CLIENT_KEY: JSON.stringify({ ...key, kid: 'catalog-1', alg: 'ES256' }),
  });
  const url = await listeningAt(service.stdout);

  const strangers = await fetch(`${url}/trpc/products.list`);
  expect([strangers.status, await strangers.text()]).toEqual([200, expect.stringContaining('nextCursor')]);
  const authority = await testAuthority(systemClock);
  const authorization = `Bearer ${await authority.userToken({ audience: 'catalog', scope: 'catalog:read' })}`;
  expect((await fetch(`${url}/trpc/products.mine`, { headers: { authorization } })).status).toBe(503);
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
    ready: false,
    parts: { database: true, keys: false, feed: false, policy: false },
    // Since for ever: JSON has no word for that.
    readings: { feedSilenceMs: null, policyVersion: 0, policyAgeMs: null, restrictionsVersion: 0 },
  });
  service.kill('SIGTERM');
  expect(await once(service, 'exit')).toEqual([0, null]);
  await drop();
});

function startMain(settings: Record<string, string>) {
  const script = fileURLToPath(new URL('main.ts', import.meta.url));
  const service = spawn(process.execPath, [script], { env: settings, stdio: ['ignore', 'pipe', 'pipe'] });
  // Also when a test fails before it has stopped what it started.
  onTestFinished(() => void service.kill('SIGKILL'));
  return service;
}

const listening = z.object({ msg: z.literal('listening'), url: z.string() });

async function listeningAt(log: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: log })) {
    const read = listening.safeParse(JSON.parse(line));
    if (read.success) {
      log.resume();
      return read.data.url;
    }
  }
  throw new Error('The service ended before it listened.');
}
