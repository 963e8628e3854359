import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { lineWriter } from './line-writer.ts';

const info = 30;
const warn = 40;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** `room`: how many bytes the output takes until there is more of it. */
function recordedWriter({ room = Infinity, pause = (): void => {} } = {}) {
  const written: string[] = [];
  const output = { room };
  const take = (bytes: Uint8Array) => {
    const taken = Math.min(bytes.length, output.room);
    output.room -= taken;
    if (taken > 0) written.push(Buffer.from(bytes.subarray(0, taken)).toString());
    return taken;
  };
  return { written, output, ...lineWriter(take, pause) };
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
  const { written, write, finish } = recordedWriter();
  write('a\n', info);
  write('b\n', warn);
  expect(written).toEqual(['a\nb\n']);
  write('c\n', info);
  finish();
  expect(written).toEqual(['a\nb\n', 'c\n']);
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['a\nb\n', 'c\n']);
});

test('lines that find no room wait without holding anybody up, and go on where they stopped', () => {
  const pause = vi.fn<() => void>();
  const { written, output, write } = recordedWriter({ room: 3, pause });
  write('ab\n', warn);
  write('cd\n', warn);
  write('e\n', info);
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['ab\n']);
  output.room = 2;
  vi.advanceTimersByTime(10);
  expect(written.join('')).toBe('ab\ncd');
  output.room = Infinity;
  vi.advanceTimersByTime(10);
  expect(written.join('')).toBe('ab\ncd\ne\n');
  expect(pause).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('of whatever is logged and taken in whatever parts, each byte is written once and in order', () => {
  const step = fc.oneof(
    fc.record({ line: fc.string({ unit: 'binary', maxLength: 40 }), level: fc.constantFrom(info, warn) }),
    fc.record({ room: fc.nat(60) }),
    fc.record({ ms: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const taken: Buffer[] = [];
      let room = 0;
      const writer = lineWriter(
        (bytes) => {
          const part = Buffer.from(bytes.subarray(0, room));
          room -= part.length;
          taken.push(part);
          return part.length;
        },
        () => (room = 5),
      );
      let logged = '';
      for (const next of steps) {
        if ('line' in next) {
          logged += next.line;
          writer.write(next.line, next.level);
        } else if ('room' in next) room = next.room;
        else vi.advanceTimersByTime(next.ms);
      }
      writer.finish();
      expect(Buffer.concat(taken).equals(Buffer.from(logged))).toBe(true);
    }),
  );
});

test('over 1 MiB without room, the process waits for it: no line is lost, and memory is bounded', () => {
  const line = `${'a'.repeat(16 * 1024 - 1)}\n`;
  const pause = vi.fn<() => void>(() => {
    writer.output.room = 3 * line.length;
  });
  const writer = recordedWriter({ room: 0, pause });
  for (let count = 0; count < 64; count += 1) writer.write(line, info);
  expect(pause).not.toHaveBeenCalled();
  writer.write(line, info);
  expect(pause).toHaveBeenCalledTimes(1);
  expect(writer.written.join('')).toBe(line.repeat(3));
});

test('a reader that is late holds no service up, and gets every line', async () => {
  vi.useRealTimers();
  const program = `
    import { createLog } from ${JSON.stringify(new URL('log.ts', import.meta.url).href)};
    const log = createLog('example', 'info');
    for (let line = 0; line < 5000; line += 1) log.info({ line }, 'counted');
    process.send('went on');
    await new Promise((resolve) => process.once('message', resolve));
    process.disconnect();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  // More than a pipe has room for, and nobody has read any of it.
  expect(await new Promise((resolve) => child.once('message', resolve))).toBe('went on');
  child.send('end');
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  expect(text.match(/"line":\d+/g)).toEqual(Array.from({ length: 5000 }, (_, line) => `"line":${line}`));
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
