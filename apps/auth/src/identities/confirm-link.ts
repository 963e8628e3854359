import { inTransaction } from '@sallyport/db';
import { confirmSession } from '../accounts/confirm-session.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { endSessions, type Session } from '../sign-in/sessions.ts';
import { findAccount, type Identity } from './accounts-of-identities.ts';

/**
 * Looks at account and link once more when the session has its serial, as `confirmSession` does for a password: whoever unlinks
 * holds the account's row and ends all serials up to then, so either that one sees this session, or this one sees the link gone.
 */
export async function confirmLink(authority: Authority, session: Session, identity: Identity): Promise<boolean> {
  if (!(await confirmSession(authority, session))) return false;
  const found = await findAccount(authority.database, identity);
  if (found.outcome === 'found' && found.subject === session.subject) return true;
  const ending = { because: 'unlinked while it signed in', at: new Date(authority.now()) };
  await inTransaction(authority.database, transactionLimits, (transaction) =>
    endSessions(transaction, [session.serial], ending),
  );
  return false;
}
