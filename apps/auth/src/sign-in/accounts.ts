import { inTransaction } from '@sallyport/db';
import { and, eq, sql } from 'drizzle-orm';
import * as z from 'zod';
import { forgetFailures, giveTryBack, recordPasswordLock, takeTry } from '../accounts/password-failures.ts';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { newSubject } from '../identifiers.ts';
import { accounts } from '../schema.ts';

/** Compared without case. At most 254 characters (RFC 5321 §4.5.3.1.3). */
export const email = z.string().max(254).trim().toLowerCase().pipe(z.email());

export type Account = typeof accounts.$inferSelect;
export type Credentials = Readonly<{ email: string; password: string }>;

/**
 * Makes an account, or changes nothing when the e-mail has one: whoever asks cannot tell, by answer or by work done. True
 * when it is new. The e-mail is not verified here.
 */
export async function signUp(
  { database, passwords, now }: Authority,
  { email: address, password }: Credentials,
): Promise<boolean> {
  const passwordHash = await passwords.hash(password);
  const fresh = { subject: newSubject(), email: address, passwordHash, createdAt: new Date(now()) };
  return inTransaction(database, transactionLimits, async (transaction) => {
    const [account] = await transaction
      .insert(accounts)
      .values(fresh)
      // Writes the row as it is, and below an entry is made in both cases: the same work for both.
      .onConflictDoUpdate({ target: accounts.email, set: { email: sql`${accounts.email}` } })
      .returning({ subject: accounts.subject });
    const isNew = account?.subject === fresh.subject;
    const action = isNew ? 'account.created' : 'account.sign-up-repeated';
    await recordAudit(transaction, { action, actor: 'unknown', subject: account?.subject });
    return isNew;
  });
}

export type Checked =
  /** `generation`: of the password, for `confirmSession`. */
  | Readonly<{ outcome: 'right'; subject: string; generation: number }>
  /** Right, and known to somebody else: it opens nothing. */
  | Readonly<{ outcome: 'compromised' }>
  /** Unknown e-mail, wrong password, disabled account, a hundred failures: one answer for all, at the cost of one hash. */
  | Readonly<{ outcome: 'wrong' }>;

/**
 * Checks an e-mail and a password. Throttles are the caller's.
 * @throws TryLater when there is no room for more hashing; the try is then not counted
 */
export async function checkCredentials(
  authority: Authority,
  { email: address, password }: Credentials,
): Promise<Checked> {
  const { database, passwords } = authority;
  const tried = await takeTry(authority, address);
  const [account] = await database.select().from(accounts).where(eq(accounts.email, address));
  const matches = await passwords.matches(password, account?.passwordHash).catch(async (error: unknown) => {
    await giveTryBack(authority, address);
    throw error;
  });
  if (!matches && tried.isLast) await recordPasswordLock(authority, account?.subject);
  if (!matches || !tried.isLeft || account === undefined || !account.enabled) return { outcome: 'wrong' };
  if (account.passwordCompromisedAt !== null) return { outcome: 'compromised' };
  await forgetFailures(database, address);
  await strengthen(authority, account, password);
  return { outcome: 'right', subject: account.subject, generation: account.passwordGeneration };
}

/** Makes the hash anew when more is asked of one today: now is when the password is at hand. The password stays the same. */
async function strengthen({ database, passwords }: Authority, account: Account, password: string): Promise<void> {
  const { subject, passwordHash } = account;
  if (passwordHash === null || !passwords.isOutdated(passwordHash)) return;
  await database
    .update(accounts)
    .set({ passwordHash: await passwords.hash(password) })
    .where(and(eq(accounts.subject, subject), eq(accounts.passwordHash, passwordHash)));
}

export async function findAccount({ database }: Authority, subject: string): Promise<Account | undefined> {
  const [account] = await database.select().from(accounts).where(eq(accounts.subject, subject));
  return account;
}

export async function emailOf(authority: Authority, subject: string): Promise<string | undefined> {
  return (await findAccount(authority, subject))?.email ?? undefined;
}
