import { expect, test } from 'vitest';
import { compareSamples, quantile } from './two-samples.ts';

test.each([
  ['the same', [1, 2, 3, 4], [1, 2, 3, 4], 0.5, 0],
  ['always longer', [1, 2, 3], [4, 5, 6], 1, 3],
  ['always shorter', [4, 5, 6], [1, 2, 3], 0, -3],
  ['half of it equal', [1, 1], [1, 2], 0.75, 1],
])('%s', (_, a, b, auc, medianGap) => {
  expect(compareSamples(a, b)).toEqual({ auc, medianGap });
});

test('agrees with counting pairs', () => {
  const a = Array.from({ length: 200 }, (_, index) => (index * 7919) % 97);
  const b = Array.from({ length: 150 }, (_, index) => (index * 104_729) % 101);
  const pairs = a.flatMap((one) => b.map((other) => (Math.sign(other - one) + 1) / 2));
  const counted = pairs.reduce((sum: number, one) => sum + one, 0) / pairs.length;
  expect(compareSamples(a, b).auc).toBeCloseTo(counted, 12);
});

test('quantiles are values of the sample', () => {
  expect(quantile([5, 1, 3], 0.5)).toBe(3);
  expect(quantile([5, 1, 3], 0.99)).toBe(5);
  expect(quantile([], 0.5)).toBeNaN();
});
