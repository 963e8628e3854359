import { SettingsError } from '@sallyport/service';
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { isDatabaseOutage } from './database-outage.ts';
import { UnopenableSecret } from './keys/sealed-secret.ts';

/** Schema, table or role is missing (3F000, 42P01, 22023 from the start-up packet), or may not be used (42501, 28…). */
const unprepared = /^(3F000|42P01|42501|22023)$/;
const notLetIn = /^(28|3D)/;

/** What kept the service, or a command, from starting, as one line that says what to do. Other errors come back as they are. */
export function explainStartFailure(error: unknown): unknown {
  const reported = error instanceof DrizzleQueryError ? error.cause : error;
  if (error instanceof UnopenableSecret) {
    return new SettingsError(
      'KEY_ENCRYPTION_KEY is not the key that this database was sealed with. Set the former one.',
    );
  }
  if (reported instanceof pg.DatabaseError && notLetIn.test(reported.code ?? '')) {
    return new SettingsError('The database did not let us in. Check user, password and database in DATABASE_URL.');
  }
  if (reported instanceof pg.DatabaseError && unprepared.test(reported.code ?? '')) {
    return new SettingsError(
      'The database is not prepared. Run: pnpm --filter @sallyport/auth-service prepare-database',
    );
  }
  if (isDatabaseOutage(error)) {
    return new SettingsError('The database does not answer. Start it, or set DATABASE_URL to one that runs.');
  }
  return error;
}

/** Ends a command that failed: one line on stderr, and exit code 2 for what a setting can mend, 1 for the rest. */
export function failCommand(name: string, failure: unknown): void {
  const error = explainStartFailure(failure);
  const [line = ''] = error instanceof Error ? error.message.split('\n', 1) : [];
  process.stderr.write(`${name}: ${line === '' ? 'It failed for an unknown reason.' : line}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
