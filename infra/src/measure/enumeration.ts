import { parseArgs } from 'node:util';
import { runGuarded } from '../guarded-command.ts';
import { OperatorError } from '../operator-error.ts';
import { startTemporaryPostgres } from '../postgres/server.ts';
import { startTemporarySystem } from '../temporary-system.ts';
import { enumerationCases, type EnumerationCase } from './enumeration-cases.ts';
import { openTimedPost, type Timed, type TimedPost } from './timed-post.ts';
import { compareSamples } from './two-samples.ts';

// `pnpm enumeration`: can anybody tell, by the time an answer takes, whether something exists?

const help = `Asks the authority about what exists and what does not, in turns and in random order, on a system of its own, and compares
the times of the answers: area under the ROC curve (0.5: nobody can tell) and gap of the medians. Bodies and status must be equal.

  pnpm enumeration [--samples 2000] [--only sign-in] [--json]

  --samples  of each kind, per case; 20000 takes about an hour
  --only     one of: sign-in, sign-up, reset, TOTP, introspection, token
  --json     one JSON object per case

The bounds: AUC within 0.48 and 0.52, medians within 1 ms. With n samples of each kind, chance alone moves the AUC by about
0.41 / √n (one standard deviation). Run it on a machine that does nothing else. Exits with 0 only if every case is within bounds.`;

const bounds = { auc: 0.02, medianGapMs: 1 };

await runGuarded({ name: 'enumeration', help, readOptions, run });

type Options = Readonly<{ samples: number; only: string | undefined; json: boolean }>;

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ options: { samples: text, only: text, json: flag, help: flag } });
  if (values.help) return undefined;
  const samples = Number(values.samples ?? 2000);
  if (!Number.isSafeInteger(samples) || samples < 1) throw new Error('--samples is a whole number from 1.');
  return { samples, only: values.only, json: values.json };
}

async function run({ samples, only, json }: Options): Promise<void> {
  const database = await startTemporaryPostgres();
  // The others would ask the authority things meanwhile.
  const system = await startTemporarySystem(database.url, { services: ['auth'] });
  const cases = (await enumerationCases(system)).filter(({ name }) => only === undefined || name === only);
  if (cases.length === 0) throw new OperatorError('There is no such case. See pnpm enumeration --help.');
  const client = openTimedPost(system.urls.auth);
  for (const one of cases) report(one, await measure(one, client, samples), json);
  client.close();
  await system.close();
  await database.stop();
}

type Measured = Readonly<{ samples: number; auc: number; medianGapMs: number; sameAnswers: boolean }>;

async function measure(one: EnumerationCase, client: TimedPost, samples: number): Promise<Measured> {
  const times = { known: [] as number[], unknown: [] as number[] };
  const answers = new Set<string>();
  const warmUp = Math.min(100, samples);
  for (let round = -warmUp; round < samples; round += 1) {
    // Which one comes first decides what it finds in caches, so chance decides that.
    const order = Math.random() < 0.5 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
    for (const existence of order) {
      const timed: Timed = await client.post(await one.prepare(existence));
      answers.add(`${timed.status} ${timed.body}`);
      if (round >= 0) times[existence].push(timed.ms);
    }
  }
  const { auc, medianGap } = compareSamples(times.unknown, times.known);
  return { samples, auc, medianGapMs: medianGap, sameAnswers: answers.size === 1 };
}

function report({ name, known, unknown }: EnumerationCase, measured: Measured, json: boolean): void {
  const { auc, medianGapMs, sameAnswers, samples } = measured;
  const isWithin = Math.abs(auc - 0.5) <= bounds.auc && Math.abs(medianGapMs) <= bounds.medianGapMs && sameAnswers;
  if (!isWithin) process.exitCode = 1;
  if (json) return console.log(JSON.stringify({ name, ...measured, isWithin }));
  const answers = sameAnswers ? 'one answer' : 'ANSWERS DIFFER';
  console.log(
    `${isWithin ? '✓' : '✗'} ${name.padEnd(14)} AUC ${auc.toFixed(3)}  medians ${medianGapMs.toFixed(3)} ms apart  ${answers}  (${samples} × ${known} / ${unknown})`,
  );
}
