import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startGuarded } from './guarded-process.ts';

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a guarded process ends when whoever started it is killed, and its folder goes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-guarded-'));
  const program = `
    import { startGuarded } from ${JSON.stringify(join(import.meta.dirname, 'guarded-process.ts'))};
    startGuarded({
      command: [process.execPath, '-e', 'console.log(process.pid); setInterval(() => {}, 1000)'],
      env: {}, cwd: '/', signal: 'TERM', deleteAfterwards: ${JSON.stringify(folder)}, onLine: (line) => console.log(line),
    });`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
  });
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(pid)).toBe(false);
  await expect.poll(() => existsSync(folder)).toBe(false);
});

test('its exit code is known, and its last line is read', async () => {
  const lines: string[] = [];
  const command = ['/bin/sh', '-c', 'echo one; echo two >&2; exit 7'] as const;
  const guarded = startGuarded({ command, env: {}, cwd: '/', signal: 'TERM', onLine: (line) => lines.push(line) });
  expect(await guarded.ended).toBe(7);
  expect(lines.toSorted()).toEqual(['one', 'two']);
});

test('one that does not want to end is killed', { timeout: 15_000 }, async () => {
  const { promise: isDeaf, resolve } = Promise.withResolvers<void>();
  const command = ['/bin/sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 0.1; done'] as const;
  const guarded = startGuarded({ command, env: {}, cwd: '/', signal: 'TERM', onLine: () => resolve() });
  await isDeaf;
  await guarded.stop();
  expect(await guarded.ended).toBe(137);
});
