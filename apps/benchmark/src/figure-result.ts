import type { Chart, FigureId, RatioGoal, Reading, Round } from './figure.ts';
import type { Spread } from './statistics.ts';

export type ContestantResult = Readonly<{
  name: string;
  perSecond: Spread;
  /** Of the rounds' percentiles. */
  latency?: Readonly<{ p50: Spread; p95: Spread; p99: Spread }>;
  coreShare?: Spread;
  rounds: readonly Round[];
}>;

export type RatioResult = RatioGoal &
  Readonly<{ ratio: Spread; isMet: boolean; /** What `limit` came to. */ limitRatio?: Spread }>;
export type ReadingResult = Reading & Readonly<{ isMet?: boolean }>;

/** What came of a figure. */
export type FigureResult = Readonly<{
  id: FigureId;
  title: string;
  /** `partial`: it was measured, and something about it does not hold. `failed`: it was not measured. */
  outcome: 'complete' | 'partial' | 'failed';
  /** What does not hold, and why it failed. */
  problems: readonly string[];
  contestants: readonly ContestantResult[];
  ratios: readonly RatioResult[];
  readings: readonly ReadingResult[];
  charts: readonly Chart[];
  notes: readonly string[];
  seconds: number;
}>;
