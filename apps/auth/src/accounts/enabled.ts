import { inTransaction } from '@sallyport/db';
import { eq } from 'drizzle-orm';
import { recordAudit, type AuditActor } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { cutOffIn } from '../revocation/cut-off.ts';
import { lastPosition } from '../revocation/revocation-outbox.ts';
import { accounts } from '../schema.ts';

export type AccountSwitch = Readonly<{
  subject: string;
  /** For the operator. */
  because: string;
  /** Default: the authority by itself. */
  actor?: AuditActor | undefined;
}>;

/** The feed's position after it. */
export type Switched = Readonly<{ position: number }>;

/**
 * Disables an account and ends every session that it has, in one transaction: nothing of it is active once this has
 * returned, and its refresh tokens are dead for good; enabling it again brings none back. Doing it twice is no error.
 * `undefined` when there is no such account.
 */
export async function disableAccount(
  { database, now }: Pick<Authority, 'database' | 'now'>,
  { subject, because, actor = 'authority' }: AccountSwitch,
): Promise<Switched | undefined> {
  return inTransaction(database, transactionLimits, async (transaction) => {
    // The account's lock first, and the cut-off after it: a sign-in that looked at the account before has its serial by now.
    const disabled = await transaction
      .update(accounts)
      .set({ enabled: false })
      .where(eq(accounts.subject, subject))
      .returning({ subject: accounts.subject });
    if (disabled.length === 0) return undefined;
    const { position } = await cutOffIn(
      transaction,
      { kind: 'subject', subject },
      { because, actor, at: new Date(now()) },
    );
    await recordAudit(transaction, { action: 'account.disabled', actor, subject, because });
    return { position };
  });
}

/** Lets the account sign in again. `undefined` when there is no such account. */
export async function enableAccount(
  { database }: Pick<Authority, 'database'>,
  { subject, because, actor = 'authority' }: AccountSwitch,
): Promise<Switched | undefined> {
  return inTransaction(database, transactionLimits, async (transaction) => {
    const enabled = await transaction
      .update(accounts)
      .set({ enabled: true })
      .where(eq(accounts.subject, subject))
      .returning({ subject: accounts.subject });
    if (enabled.length === 0) return undefined;
    const position = await lastPosition(transaction);
    await recordAudit(transaction, { action: 'account.enabled', actor, subject, because });
    return { position };
  });
}
