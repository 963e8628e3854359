import { inTransaction } from '@sallyport/db';
import { and, eq, isNull } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { cutOffIn } from '../revocation/cut-off.ts';
import { accounts } from '../schema.ts';
import { findAction, newActionToken, useAction, type Action } from './action-tokens.ts';
import { setPassword } from './change-password.ts';
import { actionMail, passwordChangedMail } from './mail-texts.ts';
import { blockedBecause, type Blocked } from './password-blocklist.ts';

/**
 * Mails a token that sets a new password, if there is an enabled account with this e-mail. All of it happens after the answer
 * has left: whoever asks cannot tell, by answer or by time. Throttles are the caller's.
 */
export function requestReset(authority: Authority, email: string): void {
  authority.later.run('password reset', async () => {
    const token = await inTransaction(authority.database, transactionLimits, async (transaction) => {
      const [account] = await transaction
        .select({ subject: accounts.subject })
        .from(accounts)
        .where(and(eq(accounts.email, email), eq(accounts.enabled, true)));
      if (account === undefined) return undefined;
      const { subject } = account;
      const at = new Date(authority.now());
      const text = await newActionToken(transaction, { kind: 'password reset', subject, email, at });
      await recordAudit(transaction, { action: 'password.reset-requested', actor: 'unknown', subject });
      return text;
    });
    if (token !== undefined) await authority.sendMail(actionMail(email, 'password reset', token));
  });
}

export type Reset =
  | Readonly<{ outcome: 'reset'; position: number }>
  | Readonly<{ outcome: 'blocked'; because: Blocked }>
  | Readonly<{ outcome: 'unknown token' }>;

/**
 * Sets the password that somebody chose who got our mail; every session of the account ends. Nobody is signed in by it, and
 * no factor is touched: a mailbox is no second factor. The token is used in the same transaction, so it is spent exactly when
 * the password is set.
 */
export async function resetPassword(
  authority: Authority,
  { token, password }: Readonly<{ token: string; password: string }>,
): Promise<Reset> {
  const { database, passwords, now } = authority;
  const presented = { kind: 'password reset', token, at: new Date(now()) } as const;
  // Before the hashing, which a stranger must not have for nothing.
  const found = await findAction(database, presented);
  if (found === undefined) return { outcome: 'unknown token' };
  const blocked = blockedBecause(password, found.email);
  if (blocked !== undefined) return { outcome: 'blocked', because: blocked };
  const hash = await passwords.hash(password);
  const reset = await inTransaction(database, transactionLimits, async (transaction): Promise<Reset> => {
    const action = await useAction(transaction, presented);
    if (action === undefined) return { outcome: 'unknown token' };
    const { subject, email } = action;
    if (!(await setPassword(transaction, { subject, email, hash }))) return { outcome: 'unknown token' };
    await markVerified(transaction, action, presented.at);
    const ending = { because: 'password reset', actor: `subject:${subject}`, at: presented.at } as const;
    const { position } = await cutOffIn(transaction, { kind: 'subject', subject }, ending);
    await recordAudit(transaction, { action: 'password.reset', actor: `subject:${subject}`, subject });
    return { outcome: 'reset', position };
  });
  if (reset.outcome === 'reset')
    authority.later.run('mail of a reset password', () => authority.sendMail(passwordChangedMail(found.email)));
  return reset;
}

/** Whoever has the token has read the mail. It says nothing about an address that the account has got since. */
export async function markVerified(transaction: AuthQueries, { subject, email }: Action, at: Date): Promise<boolean> {
  const verified = await transaction
    .update(accounts)
    .set({ emailVerifiedAt: at })
    .where(and(eq(accounts.subject, subject), eq(accounts.email, email), isNull(accounts.emailVerifiedAt)))
    .returning({ subject: accounts.subject });
  return verified.length === 1;
}
