import { inTransaction } from '@sallyport/db';
import { eq } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { accounts } from '../schema.ts';
import { TryLater } from '../try-later.ts';
import { newActionToken, useAction } from './action-tokens.ts';
import { accountExistsMail, actionMail } from './mail-texts.ts';
import { markVerified } from './reset-password.ts';

/**
 * Tells the owner of an address what became of a sign-up: a token to confirm a new account's address, or that there is an
 * account already. After the answer has left, and not more often than anybody should be mailed.
 */
export function tellOfSignUp(
  authority: Authority,
  { email, isNew }: Readonly<{ email: string; isNew: boolean }>,
): void {
  authority.later.run('mail of a sign-up', async () => {
    try {
      await authority.throttle.take('mailToAccount', email);
    } catch (error) {
      if (error instanceof TryLater) return;
      throw error;
    }
    if (isNew) await mailVerification(authority, { email });
    else await authority.sendMail(accountExistsMail(email));
  });
}

/** Mails a token that confirms the account's address. Does nothing for an account without one, or with a confirmed one. */
export async function mailVerification(
  authority: Authority,
  whose: Readonly<{ email: string }> | Readonly<{ subject: string }>,
): Promise<void> {
  const { database, now } = authority;
  const isTheirs = 'email' in whose ? eq(accounts.email, whose.email) : eq(accounts.subject, whose.subject);
  const [account] = await database.select().from(accounts).where(isTheirs);
  if (account === undefined || account.email === null || account.emailVerifiedAt !== null) return;
  const { subject, email } = account;
  const token = await inTransaction(database, transactionLimits, (transaction) =>
    newActionToken(transaction, { kind: 'e-mail verification', subject, email, at: new Date(now()) }),
  );
  await authority.sendMail(actionMail(email, 'e-mail verification', token));
}

/** Confirms the address that the token was sent to, if it still is the account's. False for a token that is not good. */
export async function verifyEmail({ database, now }: Authority, token: string): Promise<boolean> {
  const at = new Date(now());
  return inTransaction(database, transactionLimits, async (transaction) => {
    const action = await useAction(transaction, { kind: 'e-mail verification', token, at });
    if (action === undefined) return false;
    const { subject } = action;
    if (await markVerified(transaction, action, at))
      await recordAudit(transaction, { action: 'email.verified', actor: `subject:${subject}`, subject });
    return true;
  });
}
