import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ada } from '../demo-users.ts';
import { repositoryRoot } from '../repository.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import { startTestSystem } from '../testing/system.ts';
import { totpCode } from '../totp-code.ts';

let system: TemporarySystem;

beforeAll(async () => {
  system = await startTestSystem();
});

afterAll(() => system.close());

test('the example that README shows runs, and asks for a second factor once', async () => {
  const { auth, catalog, payments } = system.urls;
  const example = spawn(process.execPath, [join(repositoryRoot, 'infra/src/example/main.ts')], {
    env: { ...process.env, AUTH_URL: auth, CATALOG_URL: catalog, PAYMENTS_URL: payments },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let printed = '';
  example.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    if (text.includes('Code (')) example.stdin.write(`${totpCode(ada.totpSeed)}\n`);
  });
  const code = await new Promise((resolve) => example.on('close', resolve));
  expect(printed).toMatch(/Lamp: \d+ EUR, in minor units\n/);
  expect(printed.match(/Code \(/g)).toHaveLength(1);
  expect(printed).toMatch(/Topped up: 5000 EUR, transfer [0-9a-f-]{36}\n/);
  expect(code).toBe(0);
});
