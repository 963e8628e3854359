import { inTransaction } from '@sallyport/db';
import { and, eq, isNull } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { accounts } from '../schema.ts';
import { endSessions, type Session } from '../sign-in/sessions.ts';

/**
 * Looks at the account once more when the session has its serial: is it still enabled, with the password that was checked?
 * Whoever disables an account or changes its password holds the account's row and ends all serials up to then. So either
 * that one sees this session, or this one sees the change, and ends the session itself. Without it a sign-in that began
 * before could end up with a session that nobody ended.
 *
 * `passwordGeneration`: of the password that was checked; absent when it was none.
 */
export async function confirmSession(
  { database, now }: Pick<Authority, 'database' | 'now'>,
  session: Session,
  passwordGeneration?: number,
): Promise<boolean> {
  const samePassword =
    passwordGeneration === undefined
      ? undefined
      : and(eq(accounts.passwordGeneration, passwordGeneration), isNull(accounts.passwordCompromisedAt));
  const isSame = and(eq(accounts.subject, session.subject), eq(accounts.enabled, true), samePassword);
  return inTransaction(database, transactionLimits, async (transaction) => {
    // Waits for a change that is under way.
    const found = await transaction.select({ subject: accounts.subject }).from(accounts).where(isSame).for('share');
    if (found.length === 1) return true;
    const ending = { because: 'the account changed while it signed in', at: new Date(now()) };
    await endSessions(transaction, [session.serial], ending);
    return false;
  });
}
