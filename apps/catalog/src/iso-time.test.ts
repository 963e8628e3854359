import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { isoTime } from './iso-time.ts';

test('every time is written as toISOString writes it, the first time and again', () => {
  const time = fc.date({ noInvalidDate: true });
  fc.assert(
    fc.property(fc.array(time, { minLength: 20, maxLength: 50 }), (times) => {
      for (const each of [...times, ...times]) expect(isoTime(each)).toBe(each.toISOString());
    }),
  );
});

test('no time at all is an error, each time', () => {
  for (let times = 0; times < 2; times += 1) expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError);
});

test('a time that comes again is written once, until more came than are remembered', async () => {
  vi.resetModules();
  const { isoTime: fresh } = await import('./iso-time.ts');
  const written = vi.spyOn(Date.prototype, 'toISOString');
  const writes = (...times: readonly number[]): number => {
    const before = written.mock.calls.length;
    for (const ms of times) fresh(new Date(ms));
    return written.mock.calls.length - before;
  };
  expect(writes(1, 1, 2, 1, 2)).toBe(2);
  const more = Array.from({ length: 1000 }, (_, index) => 10 + index);
  expect(writes(...more)).toBe(1000);
  expect(writes(1, 1)).toBe(1);
  written.mockRestore();
});
