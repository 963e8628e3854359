import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { databaseFailure } from './database-failure.ts';

/** Schema, table or role is missing (3F000, 42P01, 22023 from the start-up packet), or may not be used (42501). */
const unprepared = /^(3F000|42P01|42501|22023)$/;
const notLetIn = /^(28|3D)/;

/** What kept a service or a command from its database, in a sentence that says what to do; `undefined` for other errors. */
export function explainDatabaseFailure(error: unknown): string | undefined {
  const reported = error instanceof DrizzleQueryError ? error.cause : error;
  const code = reported instanceof pg.DatabaseError ? (reported.code ?? '') : '';
  if (notLetIn.test(code)) {
    return 'The database did not let us in. Check user, password and database in DATABASE_URL.';
  }
  if (unprepared.test(code)) {
    return 'The database is not prepared, or this login may not prepare it. Run `pnpm prepare-database` with a login that may.';
  }
  if (databaseFailure(error).kind === 'unreachable') {
    return 'The database does not answer. Start it, or set DATABASE_URL to one that runs.';
  }
  return undefined;
}
