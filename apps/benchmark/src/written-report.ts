import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FigureResult } from './figure-result.ts';
import type { Machine } from './machine.ts';
import { contestantRows, ratioCells, readingCells } from './text-report.ts';

export type Report = Machine & Readonly<{ quick: boolean; rounds: number; figures: readonly FigureResult[] }>;

const folder = join(import.meta.dirname, '..', '..', '..', 'docs');

/** Writes `docs/benchmarks.md`. */
export async function writeReport(report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'benchmarks.md'), renderReport(report));
}

export function renderReport({ measuredAt, machine, node, pinning, rounds, figures }: Report): string {
  const lines = [
    '# Benchmarks',
    '',
    `Written by \`npx pnpm bench\` on ${measuredAt}: ${machine}, Node ${node}. ${pinning} Medians and quartiles of ${rounds} rounds.`,
    ...figures.flatMap(renderFigure),
  ];
  return `${lines.join('\n')}\n`;
}

function renderFigure({ id, title, outcome, contestants, ratios, readings, problems, notes }: FigureResult): string[] {
  return [
    '',
    `## ${id}. ${title}`,
    '',
    ...(outcome === 'complete' ? [] : [`**${outcome}**: ${problems.join('; ')}`, '']),
    ...table(contestantRows(contestants)),
    ...table([['', 'ratio', 'median (quartiles)', 'goal'], ...ratios.map(ratioCells)]),
    ...table([['', 'reading', 'value', 'goal'], ...readings.map(readingCells)]),
    ...notes.map((note) => `- ${note}`),
  ];
}

/** Nothing for a table without rows. */
function table([head, ...rows]: readonly (readonly string[])[]): string[] {
  if (head === undefined || rows.length === 0) return [];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).concat('');
}
