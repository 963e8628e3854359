import { inTransaction } from '@sallyport/db';
import { eq } from 'drizzle-orm';
import * as z from 'zod';
import { recordAudit, type Reason } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { allClients } from '../clients/clients.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { cutOffIn } from '../revocation/cut-off.ts';
import { accounts, type RolesByAudience } from '../schema.ts';
import { assertTokensFit } from '../tokens/access-token.ts';

/**
 * What somebody is, by audience. Waits for a change that is under way: roles that are read after a session's serial was drawn
 * are then either the new ones, or ones whose session that change ends.
 */
export async function rolesOf(queries: AuthQueries, subject: string): Promise<RolesByAudience> {
  const [account] = await queries
    .select({ roles: accounts.roles })
    .from(accounts)
    .where(eq(accounts.subject, subject))
    .for('share');
  return account?.roles ?? {};
}

export const roleNames = z.array(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/)).max(16);

/**
 * Roles as somebody writes them, separated by commas. Narrower than what a token may say (RFC 9068 §2.2.3.1): a colon is left
 * to the roles of foreign issuers, which begin with the issuer's name.
 */
export function readRoleNames(text: string): readonly string[] {
  const names = roleNames.safeParse(text === '' ? [] : text.split(','));
  if (!names.success)
    throw new Error('A role is a letter, then at most 31 small letters, digits or hyphens; at most 16 of them.');
  return names.data;
}

export type RoleChange = Reason &
  Readonly<{
    subject: string;
    audience: string;
    /** All that the subject shall hold there from now on. */
    roles: readonly string[];
  }>;

export type ChangedRoles = Readonly<{ before: readonly string[]; after: readonly string[] }>;

/**
 * Gives and takes roles, and ends every session that the subject has, in one transaction: no token says a role longer than
 * the feed takes to say that it is over (DESIGN §8). `undefined` when there is no such account. A change that changes
 * nothing ends nothing.
 * @throws SettingsError when a token with these roles would be over its budget
 */
export async function changeRoles(
  authority: Pick<Authority, 'issuer' | 'keys' | 'now' | 'database'>,
  { subject, audience, roles, because, actor = 'authority' }: RoleChange,
): Promise<ChangedRoles | undefined> {
  const after = [...new Set(roles)].toSorted();
  assertTokensFit(authority, await allClients(authority.database), { [audience]: after });
  return inTransaction(authority.database, transactionLimits, async (transaction) => {
    const ofSubject = eq(accounts.subject, subject);
    const [account] = await transaction.select({ held: accounts.roles }).from(accounts).where(ofSubject).for('update');
    if (account === undefined) return undefined;
    const { [audience]: before = [], ...elsewhere } = account.held;
    if (JSON.stringify(before) === JSON.stringify(after)) return { before, after };
    const held = after.length === 0 ? elsewhere : { ...elsewhere, [audience]: after };
    await transaction.update(accounts).set({ roles: held }).where(ofSubject);
    await cutOffIn(transaction, { kind: 'subject', subject }, { because, actor, at: new Date(authority.now()) });
    const detail = { audience, before, after };
    await recordAudit(transaction, { action: 'roles.changed', actor, subject, because, detail });
    return { before, after };
  });
}
