import { parseArgs } from 'node:util';
import { createPool, openDatabase, runtimeRole } from '@sallyport/db';
import { readArguments, readEnvironment, runCommand } from '@sallyport/service';
import { schema } from './database.ts';
import { keySettings } from './environment.ts';
import { houseKeyLifetimes } from './keys/key-life.ts';
import { openSealer } from './keys/sealed-secret.ts';
import { rotateSigningKey, type KeyRotation } from './keys/signing-keys.ts';
import { explainStartFailure } from './start-failure.ts';

const { announcedSeconds, verifyingSeconds, signingSeconds } = houseKeyLifetimes;

const help = `Announces the authority's next signing key, which otherwise happens by itself once in ${signingSeconds / 3600} hours.

  npx pnpm --filter @sallyport/auth-service rotate-keys [--now] [--json]

The next key is published at once and signs after ${announcedSeconds} s, when every verifier has loaded it.
The present key stays published for ${verifyingSeconds} s more, so that no token outlives its key.
Running processes notice by themselves.

  --now    the next key signs at once; verifiers must load the key set again when they meet it
  --json   one JSON object instead of a sentence
  --help   this text

Environment: DATABASE_URL, KEY_ENCRYPTION_KEY.
Exit code: 0 done, 1 a key is announced already or the rotation failed, 2 a bad setting or option.`;

async function rotate(immediately: boolean): Promise<KeyRotation | undefined> {
  const settings = readEnvironment(keySettings);
  const pool = createPool({ url: settings.DATABASE_URL, schema: 'auth', role: runtimeRole('auth'), max: 1 });
  try {
    const store = {
      database: openDatabase(pool, schema),
      sealer: openSealer(settings.KEY_ENCRYPTION_KEY),
      now: Date.now,
    };
    return await rotateSigningKey(store, { immediately, actor: 'command:rotate-keys' });
  } finally {
    await pool.end();
  }
}

function describe(rotation: KeyRotation | undefined, asJson: boolean): string {
  if (asJson)
    return JSON.stringify(
      rotation === undefined ? { rotated: false, reason: 'already_announced' } : { rotated: true, ...rotation },
    );
  if (rotation === undefined) return 'A key is announced already. Wait until it signs, or use --now.';
  const { keyId, signsFrom, predecessorsRetireAt } = rotation;
  return `Key ${keyId} signs from ${signsFrom.toISOString()}; its predecessors retire at ${predecessorsRetireAt.toISOString()}.`;
}

function readOptions() {
  const boolean = { type: 'boolean', default: false } as const;
  return readArguments(() => {
    return parseArgs({ options: { now: boolean, json: boolean, help: boolean } }).values;
  });
}

await runCommand({
  name: 'rotate-keys',
  explain: explainStartFailure,
  run: async () => {
    const options = readOptions();
    if (options.help) return help;
    const rotation = await rotate(options.now);
    if (rotation === undefined) process.exitCode = 1;
    return describe(rotation, options.json);
  },
});
