import fc from 'fast-check';
import { expect, test } from 'vitest';
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
