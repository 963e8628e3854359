import { parseArgs } from 'node:util';
import { runGuarded } from '@sallyport/infra/command';
import type { FigureResult } from './figure-result.ts';
import type { Figure } from './figure.ts';
import { figures } from './figures.ts';
import { describeMachine } from './machine.ts';
import { measureFigure } from './measure-figure.ts';
import { openRun } from './open-run.ts';
import { openProgress } from './progress.ts';
import { describeFigure } from './text-report.ts';
import { assertPageIsWritable, writeReport } from './written-report.ts';

// `pnpm bench`: Sallyport beside what people would use instead, in one run.

const help = `Measures Sallyport side by side with what people would use instead: in turns, in one run, each server alone on a processor.

  pnpm bench [--quick] [--only B4,B6] [--rounds 7] [--json]

  --quick   under 2 minutes, with shorter rounds and without contestants that no goal names; a full run takes under 20
  --only    these figures
  --rounds  counted rounds of each contestant, at least 3; default 7
  --json    one JSON object instead of tables

A full run of all figures writes docs/benchmarks.md and the pictures beside it. Exits with 0 if every comparison is complete;
a goal that was missed is shown as missed. Run it on a machine that does nothing else.`;

type Options = Readonly<{ chosen: readonly Figure[]; quick: boolean; rounds: number; json: boolean }>;

await runGuarded({ name: 'bench', help, readOptions, run });

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ options: { quick: flag, only: text, rounds: text, json: flag, help: flag } });
  if (values.help) return undefined;
  const { quick, json, only } = values;
  const rounds = Number(values.rounds ?? 7);
  if (!Number.isSafeInteger(rounds) || rounds < 3) throw new Error('--rounds is a whole number from 3.');
  return { chosen: only === undefined ? figuresOf(quick) : only.split(',').map(figureNamed), quick, rounds, json };
}

/** What is only drawn is for the page, which a quick run does not write. */
function figuresOf(quick: boolean): readonly Figure[] {
  return quick ? figures.filter(({ id }) => id.startsWith('B')) : figures;
}

function figureNamed(name: string): Figure {
  const found = figures.find(({ id }) => id === name.trim().toUpperCase());
  if (found === undefined) throw new Error(`There is no figure "${name}"; there are ${idsInOrder().join(', ')}.`);
  return found;
}

function idsInOrder(): string[] {
  return figures.map(({ id }) => id).toSorted(new Intl.Collator('en', { numeric: true }).compare);
}

async function run({ chosen, quick, rounds, json }: Options): Promise<void> {
  const writesPage = !quick && chosen.length === figures.length;
  if (writesPage) await assertPageIsWritable();
  const progress = openProgress(chosen, quick ? 'quick' : 'full');
  const open = openRun({ quick, progress: progress.doing });
  if (!json) console.log(`${open.pinning.sentence}\n`);
  const results: FigureResult[] = [];
  for (const figure of chosen) {
    await open.prepareFor(figure);
    progress.begin(figure);
    const result = await measureFigure(figure, open, { rounds, roundMs: quick ? 100 : 1200 });
    progress.end();
    results.push(result);
    if (!json) console.log(describeFigure(result));
  }
  await open.close();
  const machine = await describeMachine(open.pinning.sentence, open.postgresVersion());
  const report = { ...machine, quick, rounds, figures: results };
  if (json) console.log(JSON.stringify(report));
  const incomplete = results.filter(({ outcome }) => outcome !== 'complete');
  if (incomplete.length > 0) {
    process.exitCode = 1;
    console.error(`✗ Not complete: ${incomplete.map(({ id, outcome }) => `${id} ${outcome}`).join(', ')}.`);
  }
  // A page that lacks a figure would be taken for the whole.
  if (writesPage && results.every(({ outcome }) => outcome !== 'failed')) await writeReport(report);
}
