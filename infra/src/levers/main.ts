import { parseArgs } from 'node:util';
import { demoPassword, grace } from '../demo-users.ts';
import { runGuarded } from '../guarded-command.ts';
import { startTemporaryPostgres } from '../postgres/server.ts';
import { startTemporarySystem } from '../temporary-system.ts';
import { openAdministrator } from './administrator.ts';
import { levers, measureLever, stealToken } from './levers.ts';

// `pnpm levers`: how long each lever takes.

const help = `Pulls each lever of docs/runbooks on a system of its own, and prints how long it takes until catalog refuses. The runbooks
quote what it prints.

  pnpm levers [--json]

  --json  one JSON object per lever`;

type Options = Readonly<{ json: boolean }>;

await runGuarded({ name: 'levers', help, readOptions, run });

function readOptions(): Options | undefined {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ options: { json: flag, help: flag } });
  return values.help ? undefined : { json: values.json };
}

async function run({ json }: Options): Promise<void> {
  const postgres = await startTemporaryPostgres();
  const system = await startTemporarySystem(postgres.url);
  const { urls } = system;
  const admin = await openAdministrator(urls);
  for (const [name, lever] of Object.entries(levers)) {
    const stolen = await stealToken(urls, { email: grace.email, password: demoPassword });
    const pull = { admin, stolen, urls };
    await stolen.read();
    const ms = Math.round(await measureLever(lever, pull));
    console.log(json ? JSON.stringify({ lever: name, ms }) : `${name.padEnd(24)} ${ms} ms`);
    await lever.release?.(pull);
  }
  await system.close();
  await postgres.stop();
}
