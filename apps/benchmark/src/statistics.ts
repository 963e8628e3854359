import type { Latency, Bound } from './figure.ts';

/** The middle of a sample, and how far half of it reaches to both sides. */
export type Spread = Readonly<{ q1: number; median: number; q3: number }>;

/** Of numbers in ascending order: between two of them by proportion (R's type 7). NaN of nothing. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share;
  const [below = NaN, above = NaN] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

/** Of times in milliseconds, in whatever order. */
export function latencyOf(times: readonly number[]): Latency {
  const sorted = Float64Array.from(times).toSorted();
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), p99: quantile(sorted, 0.99) };
}

/** Median and quartiles. */
export function spreadOf(sample: readonly number[]): Spread {
  const sorted = sample.toSorted((one, other) => one - other);
  return { q1: quantile(sorted, 0.25), median: quantile(sorted, 0.5), q3: quantile(sorted, 0.75) };
}

/**
 * Round by round, one divided by the other: what slows the machine down for a while slows both, and leaves the ratio as it is.
 * @throws Error when there are not as many of one as of the other
 */
export function ratios(of: readonly number[], over: readonly number[]): number[] {
  if (of.length !== over.length) throw new Error('Rounds of one have no counterpart.');
  return of.map((value, round) => value / (over[round] ?? NaN));
}

/** NaN meets no bound. */
export function isMet(value: number, bound: Bound): boolean {
  return 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost;
}
