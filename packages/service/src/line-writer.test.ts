import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { lineWriter } from './line-writer.ts';

const info = 30;
const warn = 40;

/** After whatever waits for the end of this turn of the event loop. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('the lines of one turn are written together, in order, when it ends', async () => {
  const written: string[] = [];
  const { write } = lineWriter((lines) => written.push(lines));
  write('a\n', info);
  write('b\n', info);
  expect(written).toEqual([]);
  await nextTurn();
  expect(written).toEqual(['a\nb\n']);
  write('c\n', info);
  await nextTurn();
  expect(written).toEqual(['a\nb\n', 'c\n']);
});

test('a warning is written at once, after what came before it, and nothing is written twice', async () => {
  const written: string[] = [];
  const { write, flush } = lineWriter((lines) => written.push(lines));
  write('a\n', info);
  write('b\n', warn);
  expect(written).toEqual(['a\nb\n']);
  write('c\n', info);
  flush();
  expect(written).toEqual(['a\nb\n', 'c\n']);
  await nextTurn();
  expect(written).toEqual(['a\nb\n', 'c\n']);
});

test('a process that ends in the turn in which it logged loses no line', async () => {
  const program = `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)};
    const log = createLog('example', 'info');
    for (let line = 0; line < 2000; line += 1) log.info({ line }, 'counted');
    process.exit(0);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  expect(text.match(/"line":\d+/g)).toEqual(Array.from({ length: 2000 }, (_, line) => `"line":${line}`));
});
