import { parseArgs, styleText } from 'node:util';
import { describeFailure, OperatorError } from '../operator-error.ts';
import { describeTally, type Outcome, type Step, tallyOf } from './check.ts';

/** A command that runs steps, and how its help begins. */
export type StepCommand = Readonly<{ name: string; about: string; steps: readonly Step[] }>;

/** Runs what the arguments choose, reports it, and sets the exit code: 1 when anything failed, 2 when it could not begin. */
export async function runCommand(command: StepCommand): Promise<void> {
  try {
    const options = readOptions(command);
    if (options === undefined) console.log(helpFor(command));
    else await runAll(options);
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = 2;
  }
}

function helpFor({ name, about, steps }: StepCommand): string {
  return `${about}

  ${name} [--only STEP]... [--json]

  --only STEP  only this step; may be given again: ${namesOf(steps)}
  --json       one JSON object per check and per test, then one with the sums
  --help       this text

The last line is "N passed, N failed", where each check and each test counts. Exits with 1 when anything failed.`;
}

function namesOf(steps: readonly Step[]): string {
  return steps.map(({ name }) => name).join(', ');
}

type Options = Readonly<{ chosen: readonly Step[]; asJson: boolean }>;

function readOptions({ name: command, steps }: StepCommand): Options | undefined {
  const { values } = parse(command);
  if (values.help) return undefined;
  const unknown = values.only.find((name) => steps.every((step) => step.name !== name));
  if (unknown !== undefined) throw new OperatorError(`There is no step ${unknown}: choose from ${namesOf(steps)}.`);
  return {
    chosen: values.only.length === 0 ? steps : steps.filter(({ name }) => values.only.includes(name)),
    asJson: values.json,
  };
}

function parse(command: string) {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new OperatorError(`${error instanceof Error ? error.message : String(error)} See ${command} --help.`, {
      cause: error,
    });
  }
}

async function runAll({ chosen, asJson }: Options): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const step of chosen) outcomes.push(...(await runStep(step, asJson)));
  const tally = tallyOf(outcomes);
  console.log(asJson ? JSON.stringify(tally) : describeTally(tally));
  if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1;
}

async function runStep(step: Step, asJson: boolean): Promise<readonly Outcome[]> {
  const startedAtMs = performance.now();
  if (!asJson) process.stdout.write(`${styleText('dim', '…')} ${step.title}\n`);
  const outcomes = await step
    .run((text) => asJson || process.stdout.write(text))
    .catch((error: unknown): readonly Outcome[] => [
      { title: step.title, result: 'failed', output: describeFailure(error) },
    ]);
  if (asJson) for (const outcome of outcomes) console.log(JSON.stringify({ step: step.name, ...outcome }));
  else report(step, outcomes, (performance.now() - startedAtMs) / 1000);
  return outcomes;
}

function report({ title }: Step, outcomes: readonly Outcome[], seconds: number): void {
  const failed = outcomes.filter(({ result }) => result === 'failed');
  for (const { title: what, output = '' } of failed)
    console.log(`\n${styleText('red', '✗')} ${what}\n${output.trimEnd()}\n`);
  const mark = failed.length === 0 ? styleText('green', '✓') : styleText('red', '✗');
  const sums = outcomes.length === 1 ? '' : `, ${describeTally(tallyOf(outcomes))}`;
  console.log(`${mark} ${title} (${seconds.toFixed(1)} s${sums})`);
}
