import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createPool, openDatabase, runtimeRole } from '@sallyport/db';
import { readArguments, readEnvironment, runCommand, SettingsError } from '@sallyport/service';
import { BadCheckpoint, openCheckpointKey, readCheckpointFile, type Checkpoint } from './audit/checkpoints.ts';
import { verifyAuditLog, type AuditVerdict } from './audit/verify-audit-log.ts';
import { schema } from './database.ts';
import { authSettings } from './environment.ts';
import { explainStartFailure } from './start-failure.ts';

const help = `Verifies the audit log: computes its chain anew, and names the first row that is not what was recorded.

  npx pnpm --filter @sallyport/auth-service verify-audit [--json] [<checkpoint file> …]

A checkpoint file (the setting AUDIT_CHECKPOINTS) tells where the log had come to, signed, each minute. With it, rows are found missing that
were cut off at the end, and a log whose chain was computed anew after a change. Name a copy that the database's operator cannot write to.

  --json  one JSON object instead of a sentence
  --help  this text

Environment: DATABASE_URL; with a checkpoint file also ISSUER and KEY_ENCRYPTION_KEY.
Exit code: 0 the log is as it was recorded, 1 it is not or could not be read, 2 a bad setting, option or checkpoint file.`;

type Options = Readonly<{ files: readonly string[]; json: boolean }>;

function readOptions(): Options | undefined {
  return readArguments(() => {
    const flag = { type: 'boolean', default: false } as const;
    const { values, positionals } = parseArgs({ options: { json: flag, help: flag }, allowPositionals: true });
    return values.help ? undefined : { files: positionals, json: values.json };
  });
}

async function readCheckpoints(files: readonly string[]): Promise<Checkpoint[]> {
  if (files.length === 0) return [];
  const { ISSUER, KEY_ENCRYPTION_KEY } = authSettings;
  const settings = readEnvironment({ ISSUER, KEY_ENCRYPTION_KEY });
  const key = openCheckpointKey(settings.KEY_ENCRYPTION_KEY, settings.ISSUER);
  // pnpm runs this in the room's folder, and leaves the caller's own in INIT_CWD.
  const paths = files.map((file) => resolve(process.env['INIT_CWD'] ?? '', file));
  const read = await Promise.all(paths.map((path) => readCheckpointFile(key, path))).catch((error: unknown) => {
    const isOurs = error instanceof BadCheckpoint || (error instanceof Error && 'code' in error);
    throw isOurs ? new SettingsError(error.message) : error;
  });
  return read.flat();
}

async function verify(checkpoints: readonly Checkpoint[]): Promise<AuditVerdict> {
  const { DATABASE_URL: url } = readEnvironment({ DATABASE_URL: authSettings.DATABASE_URL });
  const pool = createPool({ url, schema: 'auth', role: runtimeRole('auth'), max: 1 });
  try {
    return await verifyAuditLog(openDatabase(pool, schema), { checkpoints });
  } finally {
    await pool.end();
  }
}

function describe(verdict: AuditVerdict, checkpoints: readonly Checkpoint[], asJson: boolean): string {
  const newest = Math.max(0, ...checkpoints.map(({ position }) => position));
  if (!verdict.intact) {
    const { firstBad, lastGood } = verdict;
    if (asJson) return JSON.stringify({ intact: false, ...firstBad, lastGood });
    return `Row ${firstBad.position} of the audit log is bad: ${firstBad.problem}. Up to row ${lastGood} it is as it was recorded.`;
  }
  const { position } = verdict.end;
  if (asJson) return JSON.stringify({ intact: true, rows: position, checkpoints: checkpoints.length, newest });
  const signed =
    checkpoints.length === 0
      ? 'Without a checkpoint file, rows that were cut off at the end are not found.'
      : `${checkpoints.length} checkpoints agree, the newest at row ${newest}.`;
  return `All ${position} rows of the audit log are as they were recorded. ${signed}`;
}

await runCommand({
  name: 'verify-audit',
  explain: explainStartFailure,
  run: async () => {
    const options = readOptions();
    if (options === undefined) return help;
    const checkpoints = await readCheckpoints(options.files);
    const verdict = await verify(checkpoints);
    if (!verdict.intact) process.exitCode = 1;
    return describe(verdict, checkpoints, options.json);
  },
});
