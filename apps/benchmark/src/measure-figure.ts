import type { ContestantResult, FigureResult, RatioResult } from './figure-result.ts';
import type { Comparison, Contestant, Figure, Measure, RatioGoal, Reading, Readings, Round, Run } from './figure.ts';
import { isMet, ratios, spreadOf } from './statistics.ts';

export type Thoroughness = Readonly<{
  /** Counted rounds of each contestant. */
  rounds: number;
  /** Of the usual round length. */
  roundMs: number;
}>;

type Measured = Pick<FigureResult, 'contestants' | 'ratios' | 'readings' | 'problems'>;

const usualRoundMs = 1500;
/** A server goes on getting faster for seconds, while what it runs often is compiled anew. */
const warmUpRounds = 2;
const leastWarmUpMs = 400;
/** Of its core that a server must have used, or something else set the pace. */
const saturatedShare = 0.9;

/** Opens a figure, measures it and closes it. Never rejects: what goes wrong is part of the result. */
export async function measureFigure(figure: Figure, run: Run, how: Thoroughness): Promise<FigureResult> {
  const startedAtMs = performance.now();
  const { id, title } = figure;
  const seconds = () => Math.round((performance.now() - startedAtMs) / 100) / 10;
  try {
    const opened = await figure.open(run);
    try {
      const measured = opened.kind === 'comparison' ? await compare(opened, run, how) : await read(opened);
      const { notes = [] } = opened;
      const charts = opened.kind === 'comparison' ? (opened.charts ?? []) : [];
      const outcome = measured.problems.length === 0 ? 'complete' : 'partial';
      return { id, title, outcome, ...measured, charts, notes, seconds: seconds() };
    } finally {
      await opened.close();
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const nothing = { contestants: [], ratios: [], readings: [], charts: [], notes: [] };
    return { id, title, outcome: 'failed', problems: [problem], ...nothing, seconds: seconds() };
  }
}

async function read({ read: readNow }: Readings): Promise<Measured> {
  return { ...judge(await readNow()), contestants: [], ratios: [] };
}

function judge(numbers: readonly Reading[]): Pick<Measured, 'readings' | 'problems'> {
  const readings = numbers.map((reading) =>
    reading.bound === undefined ? reading : { ...reading, isMet: isMet(reading.value, reading.bound) },
  );
  const missing = readings.filter(({ value }) => !Number.isFinite(value)).map(({ name }) => `${name} was not measured`);
  return { readings, problems: missing };
}

async function compare(comparison: Comparison, run: Run, { rounds, roundMs }: Thoroughness): Promise<Measured> {
  const cuts = run.quick ? 1 : (comparison.cuts ?? 1);
  const turns = rounds * cuts;
  const forMs = ((comparison.roundMs ?? usualRoundMs) / usualRoundMs) * (roundMs / cuts);
  const all = run.quick ? namedByGoals(comparison) : comparison.contestants;
  for (const contestant of all) {
    run.progress(`warming up ${contestant.name}`);
    await roundOf(contestant, Math.max(forMs, roundMs * warmUpRounds, leastWarmUpMs));
  }
  const counted = new Map(all.map((contestant) => [contestant.name, [] as Round[]]));
  for (let round = 1; round <= turns; round += 1) {
    for (const contestant of inTurn(all, round)) {
      run.progress(`round ${round} of ${turns}: ${contestant.name}`);
      counted.get(contestant.name)?.push(await roundOf(contestant, forMs));
    }
  }
  const contestants = all.map((contestant) => summarise(contestant, counted.get(contestant.name) ?? []));
  const found = comparison.goals.map((goal) => ratioResult(goal, { contestants, isQuick: run.quick }));
  const { readings, problems } = judge(comparison.beside?.() ?? []);
  return { contestants, ratios: found, readings, problems: [...findProblems(contestants, found), ...problems] };
}

async function roundOf(contestant: Contestant, forMs: number): Promise<Round> {
  try {
    return await contestant.round(forMs);
  } catch (error) {
    throw new Error(`${contestant.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * Who comes when in a round: each begins one further down the list, and every other goes backwards. Whoever comes after one that left the
 * machine's caches in order would gain by it each time; two simply alternate.
 */
export function inTurn<Item>(all: readonly Item[], round: number): readonly Item[] {
  const first = (round - 1) % all.length;
  const order = [...all.slice(first), ...all.slice(0, first)];
  return round % 2 === 0 ? order.toReversed() : order;
}

/** What shows where the limits are, and has no goal, takes as long as what has one: a quick run leaves it out. */
function namedByGoals({ contestants, goals }: Comparison): readonly Contestant[] {
  const named = new Set(goals.flatMap(({ of, over }) => [of, over]));
  return goals.length === 0 ? contestants : contestants.filter(({ name }) => named.has(name));
}

function summarise({ name }: Contestant, rounds: readonly Round[]): ContestantResult {
  const shares = rounds.flatMap(({ coreShare }) => coreShare ?? []);
  const latencies = rounds.flatMap(({ latency }) => latency ?? []);
  return {
    name,
    perSecond: spreadOf(rounds.map(({ perSecond }) => perSecond)),
    ...(latencies.length > 0 && {
      latency: {
        p50: spreadOf(latencies.map(({ p50 }) => p50)),
        p95: spreadOf(latencies.map(({ p95 }) => p95)),
        p99: spreadOf(latencies.map(({ p99 }) => p99)),
      },
    }),
    ...(shares.length > 0 && { coreShare: spreadOf(shares) }),
    rounds,
  };
}

function roundsOf(contestants: readonly ContestantResult[], name: string): readonly Round[] {
  const found = contestants.find((contestant) => contestant.name === name);
  if (found === undefined) throw new Error(`There is no contestant "${name}".`);
  return found.rounds;
}

type Compared = Readonly<{ contestants: readonly ContestantResult[]; isQuick: boolean }>;

function ratioResult(goal: RatioGoal, { contestants, isQuick }: Compared): RatioResult {
  const valuesOf = (name: string) => roundsOf(contestants, name).map((round) => valueOf(round, goal.measure));
  const ratioOf = (of: string, over: string) => spreadOf(ratios(valuesOf(of), valuesOf(over)));
  const ratio = ratioOf(goal.of, goal.over);
  const { of: limit, over = goal.over } = typeof goal.limit === 'object' ? goal.limit : { of: goal.limit };
  const limited = limit === undefined || isQuick ? {} : { limitRatio: ratioOf(limit, over) };
  return { ...goal, ratio, isMet: isMet(ratio.median, goal.bound), ...limited };
}

function valueOf(round: Round, measure: Measure): number {
  return measure === 'perSecond' ? round.perSecond : (round.latency?.[measure] ?? NaN);
}

function findProblems(contestants: readonly ContestantResult[], found: readonly RatioResult[]): string[] {
  const paced = new Set(found.filter(({ measure }) => measure === 'perSecond').flatMap(({ of, over }) => [of, over]));
  const idle = contestants
    .filter(({ name, coreShare }) => paced.has(name) && coreShare !== undefined && coreShare.median < saturatedShare)
    .map(
      ({ name, coreShare }) =>
        `not saturated: ${name} used ${Math.round((coreShare?.median ?? 0) * 100)} % of its core`,
    );
  const missing = found
    .filter(({ ratio }) => !Number.isFinite(ratio.median))
    .map(({ of, over, measure }) => `${of} ÷ ${over}: ${measure} was not measured`);
  return [...idle, ...missing];
}
