import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '@sallyport/infra/operator-error';
import { renderChart } from './chart-svg.ts';
import type { FigureResult } from './figure-result.ts';
import type { Machine } from './machine.ts';
import { contestantRows, ratioCells, readingCells } from './text-report.ts';

export type Report = Machine & Readonly<{ quick: boolean; rounds: number; figures: readonly FigureResult[] }>;

const docs = join(import.meta.dirname, '..', '..', '..', 'docs');

/** Throws before a run of many minutes whose page could not be written at its end. */
export async function assertPageIsWritable(folder = docs): Promise<void> {
  for (const path of [folder, join(folder, 'benchmarks.md'), join(folder, 'benchmarks')]) {
    try {
      await access(path, constants.W_OK);
    } catch (error) {
      if (path !== folder && isMissing(error)) continue;
      const what = 'A full run writes a page there at its end: make it writable, or name figures with --only.';
      throw new OperatorError(`${path} cannot be written. ${what}`, { cause: error });
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Writes `docs/benchmarks.md` and the pictures in the folder beside it. Those of an earlier run are gone. */
export async function writeReport(report: Report): Promise<void> {
  const pictures = join(docs, 'benchmarks');
  await rm(pictures, { recursive: true, force: true });
  await mkdir(pictures, { recursive: true });
  await writeFile(join(docs, 'benchmarks.md'), renderReport(report));
  for (const { charts, contestants } of report.figures) {
    for (const chart of charts) await writeFile(join(pictures, `${chart.name}.svg`), renderChart(chart, contestants));
  }
}

/** As Markdown. */
export function renderReport({ measuredAt, machine, pinning, versions, rounds, figures }: Report): string {
  const inOrder = figures.toSorted((one, other) => position(one) - position(other));
  const lines = [
    '# Benchmarks',
    '',
    '<!-- Written by a full run of `npx pnpm bench`. Change nothing here by hand. -->',
    '',
    'Sallyport beside what people would use instead, measured in turns in one run; [how](decisions/0038-how-speed-is-measured.md).',
    'Only ratios say something: the rates are of one small machine. Each is the median of the rounds, with quartiles.',
    '',
    `- ${measuredAt}, ${machine}. ${rounds} rounds. ${pinning}`,
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    '',
    '```sh',
    'npx pnpm bench               # all of it, under 20 minutes, and this page',
    'npx pnpm bench --quick       # under 2 minutes; --only B4,B6 for some; --json for machines',
    '```',
    '',
    '## Goals',
    '',
    ...table([['', '', 'measured', 'goal', '', 'limit'], ...inOrder.flatMap(goalRows)]),
    ...inOrder.flatMap(renderFigure),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** B2 before B10, and what is only drawn behind what has a goal. */
function position({ id }: FigureResult): number {
  return Number(id.slice(1)) + (id.startsWith('C') ? 1000 : 0);
}

function goalRows({ id, ratios, readings }: FigureResult): string[][] {
  const rows = [...ratios.map(ratioCells), ...readings.map(readingCells)];
  return rows.map(([verdict = '', what = '', value = '', goal = '', limit = '']) => [
    id,
    what,
    value,
    goal,
    verdict,
    limit,
  ]);
}

function renderFigure({ id, title, outcome, ...result }: FigureResult): string[] {
  return [
    `## ${id}. ${title}`,
    '',
    ...(outcome === 'complete' ? [] : [`**${outcome}**: ${result.problems.join('; ')}`, '']),
    ...result.charts.flatMap((chart) => [`![${chart.title}](benchmarks/${chart.name}.svg)`, '']),
    ...table(contestantRows(result.contestants)),
    ...table([['', 'ratio', 'median (quartiles)', 'goal', 'limit'], ...result.ratios.map(ratioCells)]),
    ...table([['', 'reading', 'value', 'goal'], ...result.readings.map(readingCells)]),
    ...result.notes.map((note) => `- ${note}`),
    ...(result.notes.length > 0 ? [''] : []),
  ];
}

/** With an empty line behind it; nothing for a table without rows. */
function table([head, ...rows]: readonly (readonly string[])[]): string[] {
  if (head === undefined || rows.length === 0) return [];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).concat('');
}
