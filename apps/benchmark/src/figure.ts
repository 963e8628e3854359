export type FigureId = `B${number}`;

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
export type RatioGoal = Readonly<{ of: string; over: string; measure: Measure; bound: Bound }>;

/** Contestants that are measured in turns, and what their ratios are to be. Further contestants show where the limits are. */
export type Comparison = Readonly<{
  kind: 'comparison';
  contestants: readonly Contestant[];
  goals: readonly RatioGoal[];
  /** Sentences under the table: what is limited by what, and what the comparison leaves out. */
  notes?: readonly string[];
  close: () => Promise<void>;
}>;

export type Reading = Readonly<{ name: string; value: number; unit: 'ms' | 'bytes' | 'MiB'; bound?: Bound }>;

/** Numbers that stand by themselves. */
export type Readings = Readonly<{
  kind: 'readings';
  read: () => Promise<readonly Reading[]>;
  notes?: readonly string[];
  close: () => Promise<void>;
}>;

/** How a run goes about it. */
export type Run = Readonly<{
  /** Shorter rounds and smaller numbers: what takes minutes is measured on less, and says so in its notes. */
  quick: boolean;
  /** Tells whoever waits what is being done. */
  progress: (doing: string) => void;
}>;

/** One line of the table that the benchmark exists for. */
export type Figure = Readonly<{
  id: FigureId;
  /** What is divided by what, in a sentence that a stranger understands. */
  title: string;
  /** Starts what is measured, and proves that each contestant answers rightly. Rejects when one is missing: a partial comparison is none. */
  open: (run: Run) => Promise<Comparison | Readings>;
}>;
