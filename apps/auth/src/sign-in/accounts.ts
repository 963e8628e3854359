import { eq } from 'drizzle-orm';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { newSubject } from '../identifiers.ts';
import { accounts } from '../schema.ts';

/** Compared without case. At most 254 characters (RFC 5321 §4.5.3.1.3). */
export const email = z.string().max(254).trim().toLowerCase().pipe(z.email());

export type Proven = Readonly<{ subject: string; passwordHash: string }>;

export type Credentials = Readonly<{ email: string; password: string }>;

/**
 * Makes an account, or does nothing when the e-mail has one: whoever asks cannot tell, by answer or by work done. The
 * e-mail is not verified here.
 */
export async function signUp(
  { database, passwords, now }: Authority,
  { email: address, password }: Credentials,
): Promise<void> {
  const passwordHash = await passwords.hash(password);
  await database
    .insert(accounts)
    .values({ subject: newSubject(), email: address, passwordHash, createdAt: new Date(now()) })
    .onConflictDoNothing();
}

/**
 * Whose credentials these are, and the hash that they were checked against, for `confirmSession`. `undefined` for every other case: unknown e-mail, wrong password, disabled
 * account; all of them cost one password check.
 */
export async function checkCredentials(
  { database, passwords }: Authority,
  { email: address, password }: Credentials,
): Promise<Proven | undefined> {
  const [account] = await database.select().from(accounts).where(eq(accounts.email, address));
  const { subject, passwordHash } = account ?? {};
  const matches = await passwords.matches(password, passwordHash ?? undefined);
  return matches && account?.enabled && subject && passwordHash ? { subject, passwordHash } : undefined;
}

export async function emailOf({ database }: Authority, subject: string): Promise<string | undefined> {
  const [account] = await database
    .select({ email: accounts.email })
    .from(accounts)
    .where(eq(accounts.subject, subject));
  return account?.email ?? undefined;
}
