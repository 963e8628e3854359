import { parseArgs } from 'node:util';
import { createPool, openDatabase, runtimeRole } from '@sallyport/db';
import { readArguments, readEnvironment, runCommand } from '@sallyport/service';
import { schema } from './database.ts';
import { keySettings } from './environment.ts';
import { denySigningKey, type KeyDenial } from './keys/deny-key.ts';
import { openSealer } from './keys/sealed-secret.ts';
import { explainStartFailure } from './start-failure.ts';

const help = `Ends a signing key at once, because somebody else may have it.

  npx pnpm --filter @sallyport/auth-service deny-signing-key --because <why> [--json] -- <kid>

Every service refuses what the key signed, and will sign, as soon as the feed says so; another key signs. Access tokens of
the key are worth nothing from then on. Sessions go on: clients refresh. Denying a key again changes nothing.

  --because  for whoever looks at it later; required
  --         what follows is the kid, which may begin with a hyphen
  --json     one JSON object instead of a sentence
  --help     this text

Environment: DATABASE_URL, KEY_ENCRYPTION_KEY.
Exit code: 0 done, 1 there is no such key or it failed, 2 a bad setting or option.`;

type Options = Readonly<{ keyId: string; because: string; json: boolean }>;

function readOptions(): Options | undefined {
  return readArguments(() => {
    const flag = { type: 'boolean', default: false } as const;
    const options = { because: { type: 'string', default: '' }, json: flag, help: flag } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) return undefined;
    const [keyId, second] = positionals;
    if (keyId === undefined || second !== undefined) throw new Error('Name one key by its kid.');
    if (values.because.trim() === '') throw new Error('Say --because, for whoever looks at it later.');
    return { keyId, ...values };
  });
}

async function deny({ keyId, because }: Options): Promise<KeyDenial | undefined> {
  const settings = readEnvironment(keySettings);
  const pool = createPool({ url: settings.DATABASE_URL, schema: 'auth', role: runtimeRole('auth'), max: 1 });
  try {
    const database = openDatabase(pool, schema);
    const store = { database, sealer: openSealer(settings.KEY_ENCRYPTION_KEY), now: Date.now };
    return await denySigningKey(store, keyId, { because, actor: 'command:deny-signing-key' });
  } finally {
    await pool.end();
  }
}

function describe(denial: KeyDenial | undefined, { keyId, json }: Options): string {
  if (denial === undefined)
    return json ? JSON.stringify({ denied: false, reason: 'no_such_key' }) : `There is no key ${keyId}.`;
  if (json) return JSON.stringify({ denied: true, ...denial });
  return `Key ${keyId} is denied; key ${denial.signsNow} signs now.`;
}

await runCommand({
  name: 'deny-signing-key',
  explain: explainStartFailure,
  run: async () => {
    const options = readOptions();
    if (options === undefined) return help;
    const denial = await deny(options);
    if (denial === undefined) process.exitCode = 1;
    return describe(denial, options);
  },
});
