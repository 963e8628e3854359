import { inTransaction } from '@sallyport/db';
import { and, eq, sql } from 'drizzle-orm';
import type { AuditActor } from '../audit/record-audit.ts';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { cutOffIn } from '../revocation/cut-off.ts';
import { accounts } from '../schema.ts';
import { findAccount } from '../sign-in/accounts.ts';
import { endOthersIn } from '../sign-in/sessions.ts';
import { forgetActions } from './action-tokens.ts';
import { passwordChangedMail } from './mail-texts.ts';
import { blockedBecause, type Blocked } from './password-blocklist.ts';
import { forgetFailures, giveTryBack, recordPasswordLock, takeTry } from './password-failures.ts';

export type PasswordChange = Readonly<{
  subject: string;
  /** The session that asks. */
  session: string;
  currentPassword: string;
  newPassword: string;
  keepThisSession: boolean;
}>;

export type Changed =
  | Readonly<{ outcome: 'changed'; position: number }>
  | Readonly<{ outcome: 'blocked'; because: Blocked }>
  | Readonly<{ outcome: 'wrong password' }>;

/**
 * Sets another password for somebody who is signed in and knows the current one. Every session of theirs ends with it, in one
 * transaction (RFC 9700 §4.14.2); with `keepThisSession`, every other one. The tries count like those of signing in.
 * @throws TryLater when they were too many
 */
export async function changePassword(authority: Authority, change: PasswordChange): Promise<Changed> {
  const { database, passwords, throttle, now } = authority;
  const { subject, session, newPassword } = change;
  await throttle.take('passwordOfSubject', subject);
  const { email, passwordHash, passwordGeneration: generation } = (await findAccount(authority, subject)) ?? {};
  // Somebody who signs in elsewhere has none here.
  if (!email || !passwordHash) return { outcome: 'wrong password' };
  if (!(await isCurrent(authority, { subject, email, hash: passwordHash, password: change.currentPassword })))
    return { outcome: 'wrong password' };
  const blocked = blockedBecause(newPassword, email);
  if (blocked !== undefined) return { outcome: 'blocked', because: blocked };
  const hash = await passwords.hash(newPassword);
  const changed = await inTransaction(database, transactionLimits, async (transaction): Promise<Changed> => {
    // Of two changes at once, the second one's current password is current no more.
    if (!(await setPassword(transaction, { subject, email, hash, generation }))) return { outcome: 'wrong password' };
    const ending = { because: 'password changed', actor: `subject:${subject}`, at: new Date(now()) } as const;
    const { position } = change.keepThisSession
      ? await endOthersIn(transaction, { subject, exceptSid: session }, ending)
      : await cutOffIn(transaction, { kind: 'subject', subject }, ending);
    await recordAudit(transaction, { action: 'password.changed', actor: `subject:${subject}`, subject, session });
    return { outcome: 'changed', position };
  });
  if (changed.outcome === 'changed')
    authority.later.run('mail of a changed password', () => authority.sendMail(passwordChangedMail(email)));
  return changed;
}

type Tried = Readonly<{ subject: string; email: string; hash: string; password: string }>;

async function isCurrent(authority: Authority, { subject, email, hash, password }: Tried): Promise<boolean> {
  const tried = await takeTry(authority, email);
  const matches = await authority.passwords.matches(password, hash).catch(async (error: unknown) => {
    await giveTryBack(authority, email);
    throw error;
  });
  if (!matches && tried.isLast) await recordPasswordLock(authority, subject);
  if (!matches || !tried.isLeft) return false;
  await forgetFailures(authority.database, email);
  return true;
}

export type NewPassword = Readonly<{
  subject: string;
  email: string;
  hash: string;
  /** Of the one before. */ generation?: number | undefined;
}>;

/**
 * Writes the password, and ends what was for the one before: failures, a known compromise, mailed tokens. False when the
 * account is disabled, or its password is not of `generation` any more. The account's row stays locked until the
 * transaction ends: see `confirmSession`.
 */
export async function setPassword(
  transaction: AuthQueries,
  { subject, email, hash, generation }: NewPassword,
): Promise<boolean> {
  const ofGeneration = generation === undefined ? undefined : eq(accounts.passwordGeneration, generation);
  const set = await transaction
    .update(accounts)
    .set({
      passwordHash: hash,
      passwordGeneration: sql`${accounts.passwordGeneration} + 1`,
      passwordCompromisedAt: null,
    })
    .where(and(eq(accounts.subject, subject), eq(accounts.enabled, true), ofGeneration))
    .returning({ subject: accounts.subject });
  if (set.length === 0) return false;
  await forgetFailures(transaction, email);
  await forgetActions(transaction, subject, 'password reset');
  return true;
}

export type Compromise = Readonly<{ subject: string; because: string; actor?: AuditActor }>;

/**
 * NIST SP 800-63B-4 §3.1.1.2: somebody else knows this password, so it must be changed. It opens nothing from now on, every
 * session ends, and a mailed token sets another one. `undefined` when there is no such account.
 */
export async function markPasswordCompromised(
  { database, now }: Pick<Authority, 'database' | 'now'>,
  { subject, because, actor = 'authority' }: Compromise,
): Promise<Readonly<{ position: number }> | undefined> {
  const at = new Date(now());
  return inTransaction(database, transactionLimits, async (transaction) => {
    const marked = await transaction
      .update(accounts)
      .set({ passwordCompromisedAt: at })
      .where(eq(accounts.subject, subject))
      .returning({ subject: accounts.subject });
    if (marked.length === 0) return undefined;
    const { position } = await cutOffIn(transaction, { kind: 'subject', subject }, { because, actor, at });
    await recordAudit(transaction, { action: 'password.compromised', actor, subject, because });
    return { position };
  });
}
