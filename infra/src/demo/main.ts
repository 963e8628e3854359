import { parseArgs, styleText } from 'node:util';
import { runGuarded } from '../guarded-command.ts';
import { startTemporaryPostgres } from '../postgres/server.ts';
import { startTemporarySystem } from '../temporary-system.ts';
import { runStep, type StepReport } from './step.ts';
import { tellStory, type Scene } from './story.ts';

// `pnpm demo`: the story of a session, over real HTTP. Each step checks that the system did what it must.

const help = `Tells the story of a session over real HTTP, and checks each step: sign up, sign in, browse on the local gate, be asked to
step up, pay behind the fresh gate, be signed out elsewhere, replay an old refresh token.

  pnpm demo [--json] [--auth-url URL [--catalog-url URL] [--payments-url URL]]

  --json          one JSON object per step
  --auth-url      tells it on a system that runs already, e.g. http://localhost:4000 of \`pnpm dev\`. Gates are then not
                  known: they are read from the logs of a system of its own
  --catalog-url   default http://localhost:4001
  --payments-url  default http://localhost:4002
  --help          this text

Exits with 0 only if every step went as it must.`;

type Options = Readonly<{ asJson: boolean; urls: Scene['urls'] | undefined }>;

await runGuarded({ name: 'demo', help, readOptions, run });

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      'auth-url': { type: 'string' },
      'catalog-url': { type: 'string', default: 'http://localhost:4001' },
      'payments-url': { type: 'string', default: 'http://localhost:4002' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const auth = values['auth-url'];
  const urls =
    auth === undefined ? undefined : { auth, catalog: values['catalog-url'], payments: values['payments-url'] };
  return { asJson: values.json, urls };
}

async function run({ asJson, urls }: Options): Promise<void> {
  if (urls !== undefined) return tell({ urls, log: undefined }, asJson);
  if (!asJson) console.log(styleText('dim', 'Starting a system of its own: PostgreSQL, auth, catalog, payments …'));
  const database = await startTemporaryPostgres();
  const system = await startTemporarySystem(database.url);
  await tell(system, asJson);
  await system.close();
  await database.stop();
}

async function tell(scene: Scene, asJson: boolean): Promise<void> {
  let steps = 0;
  await tellStory(scene, async (step, work) => {
    const report = await runStep(step, work, scene.log).catch((error: unknown) => {
      throw new Error(`${step}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
    steps += 1;
    console.log(asJson ? JSON.stringify(report) : describeStep(steps, report));
  });
  if (!asJson) console.log(`\nEvery step went as it must: ${steps} of ${steps}.`);
}

function describeStep(number: number, { step, decision, gate, ms, details }: StepReport): string {
  return [
    `${styleText('green', '✓')} ${String(number).padStart(2)} ${styleText('bold', step)}`,
    `     ${decision}`,
    `     ${styleText('dim', `${gate === undefined ? '' : `${gate}, `}${ms} ms`)}`,
    ...details.map((detail) => styleText('dim', `     ${detail}`)),
  ].join('\n');
}
