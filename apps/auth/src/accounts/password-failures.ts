import { inTransaction } from '@sallyport/db';
import { eq, sql } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { passwordFailures } from './account-tables.ts';

/** NIST SP 800-63B-4 §3.2.2: at most this many wrong ones in a row. Then the password is dead until it is reset. */
export const maxFailuresInARow = 100;

export type PasswordTry = Readonly<{
  /** False when the account has had its hundred. */
  isLeft: boolean;
  /** If this one fails, none is left. */
  isLast: boolean;
}>;

/**
 * Counts a try as a failure, *before* the password is looked at: any number sent at once can use no more than there are.
 * `forgetFailures` takes it back.
 */
export async function takeTry({ database, now }: Authority, email: string): Promise<PasswordTry> {
  const lastFailedAt = new Date(now());
  const [row] = await database
    .insert(passwordFailures)
    .values({ email, failures: 1, lastFailedAt })
    .onConflictDoUpdate({
      target: passwordFailures.email,
      set: { failures: sql`least(${passwordFailures.failures}, ${maxFailuresInARow}) + 1`, lastFailedAt },
    })
    .returning({ failures: passwordFailures.failures });
  if (row === undefined) throw new Error('PostgreSQL returned no row for an INSERT.');
  return { isLeft: row.failures <= maxFailuresInARow, isLast: row.failures === maxFailuresInARow };
}

/** The hundredth was wrong: written down, also for an address without an account, so that both cost the same. */
export async function recordPasswordLock({ database }: Authority, subject: string | undefined): Promise<void> {
  await inTransaction(database, transactionLimits, (transaction) =>
    recordAudit(transaction, { action: 'password.locked', actor: 'unknown', subject }),
  );
}

/** Nobody looked at the password: the try did not happen. */
export async function giveTryBack({ database }: Authority, email: string): Promise<void> {
  await database
    .update(passwordFailures)
    .set({ failures: sql`greatest(0, ${passwordFailures.failures} - 1)` })
    .where(eq(passwordFailures.email, email));
}

/** A right password, or a new one. */
export async function forgetFailures(queries: AuthQueries, email: string): Promise<void> {
  await queries.delete(passwordFailures).where(eq(passwordFailures.email, email));
}
