import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { maxRuleSetLength, readRuleSet, RuleSetError } from '@sallyport/auth/policy';
import { createPool, openDatabase, runtimeRole } from '@sallyport/db';
import { parseJson, readArguments, readEnvironment, runCommand, SettingsError } from '@sallyport/service';
import { schema } from './database.ts';
import { authSettings } from './environment.ts';
import { ruleDifferences } from './policy/rule-differences.ts';
import { publishRuleSet, type Publication } from './policy/rule-sets.ts';
import { explainStartFailure } from './start-failure.ts';

const help = `Puts a rule set into force.

  npx pnpm --filter @sallyport/auth-service publish-policy <file> --because <why> [--check] [--json]

The file is a JSON rule set (docs/policy.md). Its version must be one more than the newest one's: take the newest, change it,
count up. Whoever worked from an older one is refused and loses nothing. Services hear of it over the feed, within a second.

  --because  for whoever looks at it later; required
  --check    reads and checks the file, and publishes nothing
  --json     one JSON object instead of sentences
  --help     this text

Environment: DATABASE_URL.
Exit code: 0 done, 1 another version is in force or it failed, 2 a bad rule set, setting or option.`;

type Options = Readonly<{ file: string; because: string; check: boolean; json: boolean }>;

function readOptions(): Options | undefined {
  return readArguments(() => {
    const flag = { type: 'boolean', default: false } as const;
    const options = { because: { type: 'string', default: '' }, check: flag, json: flag, help: flag } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) return undefined;
    const [file, second] = positionals;
    if (file === undefined || second !== undefined) throw new Error('Name one file with a rule set.');
    if (values.because.trim() === '' && !values.check) throw new Error('Say --because, for whoever looks at it later.');
    return { file, ...values };
  });
}

async function readFileOf({ file }: Options): Promise<unknown> {
  // pnpm runs this in the room's folder, and leaves the caller's own in INIT_CWD.
  const path = resolve(process.env['INIT_CWD'] ?? '', file);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new SettingsError(`${file} cannot be read: ${error instanceof Error ? error.message : 'unknown reason'}`);
  });
  // White space costs nothing in a file; twice the size of a rule set is room enough for it.
  if (text.length > 2 * maxRuleSetLength) throw new SettingsError(`${file} is longer than any rule set may be.`);
  const value = parseJson(text);
  try {
    readRuleSet(value);
    return value;
  } catch (error) {
    throw error instanceof RuleSetError ? new SettingsError(`${file}: ${error.message}`) : error;
  }
}

async function publish(value: unknown, because: string): Promise<Publication> {
  const { DATABASE_URL: url } = readEnvironment({ DATABASE_URL: authSettings.DATABASE_URL });
  const pool = createPool({ url, schema: 'auth', role: runtimeRole('auth'), max: 1 });
  try {
    return await publishRuleSet({ database: openDatabase(pool, schema), now: Date.now }, value, {
      because,
      actor: 'command:publish-policy',
    });
  } finally {
    await pool.end();
  }
}

function describe(publication: Publication, value: unknown, asJson: boolean): string {
  if (!publication.published) {
    const { version, newest } = publication;
    if (asJson) return JSON.stringify({ published: false, reason: 'not_next', version, newest });
    return `Version ${newest} is in force, so the next is ${newest + 1}, and this file says ${version}. Nothing was published.`;
  }
  const { version, before } = publication;
  const differences = ruleDifferences(before, value);
  if (asJson) return JSON.stringify({ published: true, version, ...differences });
  const { added, removed, unchanged } = differences;
  const changes = [...removed.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`)];
  return [`Version ${version} is in force; ${unchanged} of its lines are as before.`, ...changes].join('\n');
}

await runCommand({
  name: 'publish-policy',
  explain: explainStartFailure,
  run: async () => {
    const options = readOptions();
    if (options === undefined) return help;
    const value = await readFileOf(options);
    if (options.check) return options.json ? JSON.stringify({ checked: true }) : `${options.file} is a rule set.`;
    const publication = await publish(value, options.because);
    if (!publication.published) process.exitCode = 1;
    return describe(publication, value, options.json);
  },
});
