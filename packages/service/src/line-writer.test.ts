import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { lineWriter } from './line-writer.ts';

const info = 30;
const warn = 40;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function recordedWriter() {
  const written: string[] = [];
  return { written, ...lineWriter((lines) => written.push(lines)) };
}

test('lines are written together, in order, when the first has waited for 10 ms', () => {
  const { written, write } = recordedWriter();
  write('a\n', info);
  vi.advanceTimersByTime(9);
  write('b\n', info);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(written).toEqual(['a\nb\n']);
  write('c\n', info);
  vi.advanceTimersByTime(10);
  expect(written).toEqual(['a\nb\n', 'c\n']);
});

test('many lines do not wait: they are written when 16 Ki characters are there', () => {
  const { written, write } = recordedWriter();
  const line = `${'a'.repeat(1023)}\n`;
  for (let count = 0; count < 16; count += 1) {
    expect(written).toEqual([]);
    write(line, info);
  }
  expect(written).toEqual([line.repeat(16)]);
  // The timer that the first line set is not in the way of what comes after.
  write('a\n', info);
  vi.advanceTimersByTime(10);
  expect(written).toEqual([line.repeat(16), 'a\n']);
});

test('a warning is written at once, after what came before it, and nothing is written twice', () => {
  const { written, write, flush } = recordedWriter();
  write('a\n', info);
  write('b\n', warn);
  expect(written).toEqual(['a\nb\n']);
  write('c\n', info);
  flush();
  expect(written).toEqual(['a\nb\n', 'c\n']);
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['a\nb\n', 'c\n']);
});

test.each(['process.exit(0)', '', 'throw new Error()'])(
  'a process that ends right after it logged loses no line: %o',
  async (end) => {
    vi.useRealTimers();
    const program = `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)};
    const log = createLog('example', 'info');
    const count = (from, to) => { for (let line = from; line < to; line += 1) log.info({ line }, 'counted'); };
    count(0, 1000);
    await new Promise((resolve) => setImmediate(resolve));
    count(1000, 2000);
    ${end};
  `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    await new Promise((resolve) => child.once('close', resolve));
    expect(text.match(/"line":\d+/g)).toEqual(Array.from({ length: 2000 }, (_, line) => `"line":${line}`));
  },
);
