import type { ServiceName } from '@sallyport/infra/service-process';
import type { TemporarySystem } from '@sallyport/infra/temporary-system';
import type { LoadGenerator } from './load-generator.ts';
import type { Pinning } from './pinning.ts';

/** `B` as in the list of goals; `C`: what is drawn, and has no goal. */
export type FigureId = `B${number}` | `C${number}`;

/** Milliseconds. */
export type Latency = Readonly<{ p50: number; p95: number; p99: number }>;

/** What one round of a contestant came to. */
export type Round = Readonly<{
  /** Operations a second. */
  perSecond: number;
  /** Of single operations. Not there where they are too short to be timed one by one. */
  latency?: Latency;
  /** Share of one core that the measured process used: a server well below 1 was not what set the pace. */
  coreShare?: number;
}>;

export type Contestant = Readonly<{
  /** As the tables name it. Unique in its figure. */
  name: string;
  /** Works for about so many milliseconds. Rejects when anything was answered wrongly: a wrong answer is no operation. */
  round: (forMs: number) => Promise<Round>;
}>;

export type Bound = Readonly<{ atLeast: number }> | Readonly<{ atMost: number }>;
export type Measure = 'perSecond' | keyof Latency;

/** One ratio that a figure must show: of one contestant over another, round by round. */
export type RatioGoal = Readonly<{
  of: string;
  over: string;
  measure: Measure;
  bound: Bound;
  /**
   * The contestant that does only what nobody can do without: its ratio over the same other, or over one of its own kind, is as far as one
   * can come here. Not part of a quick run.
   */
  limit?: string | Readonly<{ of: string; over: string }>;
}>;

/** Contestants that are measured in turns, and what their ratios are to be. Further contestants show where the limits are. */
export type Comparison = Readonly<{
  kind: 'comparison';
  contestants: readonly Contestant[];
  goals: readonly RatioGoal[];
  /** Length of a counted round, when the usual one is too short for a percentile. In quick runs less, by the same factor as the usual one. Default 1500. */
  roundMs?: number;
  /** Into how many shorter rounds each is cut, where a few percent count: the machine's speed changes within seconds. Not in a quick run. Default 1. */
  cuts?: number;
  charts?: readonly Chart[];
  /** Numbers of what went on beside the contestants, when all rounds are over. */
  beside?: () => readonly Reading[];
  /** Sentences under the table: what is limited by what, and what the comparison leaves out. */
  notes?: readonly string[];
  close: () => Promise<void>;
}>;

/** A picture of some contestants, in the order of the list. */
export type Chart = Readonly<{
  /** Of its file: docs/benchmarks/<name>.svg. */
  name: string;
  title: string;
  shows: 'perSecond' | 'latency';
  /** Default: all. */
  contestants?: readonly string[];
}>;

export type Reading = Readonly<{ name: string; value: number; unit: 'ms' | 'bytes' | 'MiB'; bound?: Bound }>;

/** Numbers that stand by themselves. */
export type Readings = Readonly<{
  kind: 'readings';
  read: () => Promise<readonly Reading[]>;
  notes?: readonly string[];
  close: () => Promise<void>;
}>;

export type Closable = Readonly<{ close: () => Promise<void> }>;
export type Open<Value extends Closable> = (run: Run) => Promise<Value>;

/** `preparedWith`: the secrets of the systems that can start on it. */
export type PreparedDatabase = Readonly<{ databaseUrl: string; preparedWith: TemporarySystem['secrets'] }>;

/** How a run goes about it. */
export type Run = Readonly<{
  /** Shorter rounds and smaller numbers: what takes minutes is measured on less, and says so in its notes. */
  quick: boolean;
  /** Which processor is whose. */
  pinning: Pinning;
  /** The load generator: one process for all figures, beside what is measured. */
  load: () => Promise<LoadGenerator>;
  /** What this opens, which stays open while the figures that follow share it too. */
  shared: <Value extends Closable>(open: Open<Value>) => Promise<Value>;
  /** Settings of services as they have them in production: metrics are counted and can be asked for, traces are sent to a collector. */
  telemetry: () => Promise<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** URL of an empty database, beside what is measured: one server for all figures, a database for each call. */
  database: () => Promise<string>;
  /** The same, prepared for all services: that is done once, and copied. */
  preparedDatabase: () => Promise<PreparedDatabase>;
  /** Tells whoever waits what is being done. */
  progress: (doing: string) => void;
}>;

/** One line of the table that the benchmark exists for. */
export type Figure = Readonly<{
  id: FigureId;
  /** What is divided by what, in a sentence that a stranger understands. */
  title: string;
  /** Seconds that it takes, roughly: for whoever waits. */
  seconds: Readonly<{ quick: number; full: number }>;
  /** What it asks of `Run.shared`. Whatever else is open there is closed before it begins, so that nothing idles beside it. */
  shares?: Open<Closable>;
  /** Starts what is measured, and proves that each contestant answers rightly. Rejects when one is missing: a partial comparison is none. */
  open: (run: Run) => Promise<Comparison | Readings>;
}>;
