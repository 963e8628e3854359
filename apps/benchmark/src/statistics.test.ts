import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMet, quantile, ratios, spreadOf } from './statistics.ts';

const numbers = fc.array(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 });

test.each([
  [[4, 1, 3, 2], { q1: 1.75, median: 2.5, q3: 3.25 }],
  [[5, 1, 3], { q1: 2, median: 3, q3: 4 }],
  [[7], { q1: 7, median: 7, q3: 7 }],
])('median and quartiles of %j', (sample, spread) => {
  expect(spreadOf(sample)).toEqual(spread);
});

test('a median has as many above as below, and quartiles lie around it within the sample', () => {
  fc.assert(
    fc.property(numbers, (sample) => {
      const { q1, median, q3 } = spreadOf(sample);
      expect(sample.filter((value) => value < median).length).toBeLessThanOrEqual(sample.length / 2);
      expect(sample.filter((value) => value > median).length).toBeLessThanOrEqual(sample.length / 2);
      expect([Math.min(...sample) <= q1, q1 <= median, median <= q3, q3 <= Math.max(...sample)]).not.toContain(false);
    }),
  );
});

test('the order of a sample says nothing', () => {
  fc.assert(
    fc.property(numbers, (sample) => {
      expect(spreadOf(sample.toReversed())).toEqual(spreadOf(sample));
    }),
  );
});

test('a higher share is no smaller quantile, from the least to the greatest', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(numbers, share, share, (sample, one, other) => {
      const sorted = sample.toSorted((a, b) => a - b);
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      expect(quantile(sorted, low)).toBeLessThanOrEqual(quantile(sorted, high));
      expect([quantile(sorted, 0), quantile(sorted, 1)]).toEqual([sorted[0], sorted.at(-1)]);
    }),
  );
});

test('nothing has no quantile', () => {
  expect(quantile([], 0.5)).toBeNaN();
});

test('what slows a round down slows both sides of it, and leaves the ratio alone', () => {
  const rounds = fc.array(fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 64 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(rounds, fc.integer({ min: 1, max: 100 }), (slowed, factor) => {
      const over = slowed.map(([rate, slowness]) => rate / slowness);
      const of = slowed.map(([rate, slowness]) => (rate * factor) / slowness);
      expect(spreadOf(ratios(of, over)).median).toBeCloseTo(factor, 6);
    }),
  );
});

test('a round without a counterpart is no comparison', () => {
  expect(() => ratios([1, 2], [1])).toThrow('no counterpart');
});

test('a bound includes its end, and what was not measured meets none', () => {
  expect([isMet(2, { atLeast: 2 }), isMet(2, { atMost: 2 })]).toEqual([true, true]);
  expect([isMet(1.99, { atLeast: 2 }), isMet(2.01, { atMost: 2 })]).toEqual([false, false]);
  expect([isMet(NaN, { atLeast: 0 }), isMet(NaN, { atMost: 9 })]).toEqual([false, false]);
});
