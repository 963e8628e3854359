import type { ContestantResult, FigureResult, RatioResult, ReadingResult } from './figure-result.ts';
import type { Bound } from './figure.ts';
import type { Spread } from './statistics.ts';

/** A figure as text of a terminal. */
export function describeFigure(result: FigureResult): string {
  const { id, title, outcome, seconds } = result;
  const lines = [
    `${id}  ${title}  (${outcome}, ${seconds} s)`,
    ...inColumns([...contestantRows(result.contestants), []]),
    ...inColumns(result.ratios.map(ratioCells)),
    ...inColumns(result.readings.map(readingCells)),
    ...result.problems.map((problem) => `! ${problem}`),
    ...result.notes.map((note) => `· ${note}`),
  ];
  return `${lines.map((line, index) => (index === 0 ? line : `  ${line}`).trimEnd()).join('\n')}\n`;
}

/** Header and rows of the contestants; none when there are none. */
export function contestantRows(contestants: readonly ContestantResult[]): string[][] {
  if (contestants.length === 0) return [];
  const rows = contestants.map(({ name, perSecond, latency, coreShare }) => [
    name,
    short(perSecond.median),
    `${short(perSecond.q1)}–${short(perSecond.q3)}`,
    ...(['p50', 'p95', 'p99'] as const).map((which) =>
      latency === undefined ? '' : `${short(latency[which].median)} ms`,
    ),
    coreShare === undefined ? '' : coreShare.median.toFixed(2),
  ]);
  return [['contestant', 'per second', 'quartiles', 'p50', 'p95', 'p99', 'of its core'], ...rows];
}

export function ratioCells({ of, over, measure, ratio, bound, isMet, ...more }: RatioResult): string[] {
  const what = measure === 'perSecond' ? 'rate' : measure;
  return [verdict(isMet), `${of} ÷ ${over}, ${what}`, inQuartiles(ratio), boundText(bound), limitText(more)];
}

function limitText({ limit, limitRatio }: Pick<RatioResult, 'limit' | 'limitRatio'>): string {
  if (limit === undefined || limitRatio === undefined) return '';
  const name = typeof limit === 'string' ? limit : `${limit.of} ÷ ${limit.over}`;
  return `${name}: ${inQuartiles(limitRatio)}`;
}

export function readingCells({ name, value, unit, bound, isMet }: ReadingResult): string[] {
  return [
    isMet === undefined ? '' : verdict(isMet),
    name,
    `${short(value)} ${unit}`,
    bound === undefined ? '' : boundText(bound),
  ];
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : 'MISSED';
}

function boundText(bound: Bound): string {
  return 'atLeast' in bound ? `≥ ${bound.atLeast}` : `≤ ${Number(bound.atMost.toPrecision(3))}`;
}

function inQuartiles({ q1, median, q3 }: Spread): string {
  return `${median.toFixed(2)} (${q1.toFixed(2)}–${q3.toFixed(2)})`;
}

/** Three digits, or all there are before the point. */
export function short(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** Rows with their cells under each other. */
function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((widest, row) => {
    row.forEach((cell, column) => (widest[column] = Math.max(widest[column] ?? 0, cell.length)));
    return widest;
  }, []);
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}
