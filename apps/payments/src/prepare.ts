import { readEnvironment, SettingsError } from '@sallyport/service';
import { DrizzleQueryError } from 'drizzle-orm';
import { preparationSettings } from './environment.ts';
import { migratePayments, seedDemo } from './prepare-database.ts';

// Runs before the service, with a login that may create schemas and roles. Safe to run again.
try {
  const { DATABASE_URL: url, SEED: seed } = readEnvironment(preparationSettings);
  await migratePayments(url);
  if (seed === 'demo') await seedDemo(url);
  const seeded = seed === 'demo' ? ', with the demo wallets' : '';
  process.stdout.write(`payments: database is ready${seeded}\n`);
} catch (error) {
  process.stderr.write(`payments: ${describeFailure(error)}\n`);
  process.exitCode = 1;
}

/** One line. A failed query would repeat its statement and values; what PostgreSQL said of it is its cause. */
function describeFailure(error: unknown): string {
  if (error instanceof SettingsError) return error.message;
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const message = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : '';
  return `the database could not be prepared; check DATABASE_URL (${[code, message].filter(Boolean).join(' ')})`;
}
