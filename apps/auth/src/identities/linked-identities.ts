import { inTransaction } from '@sallyport/db';
import { and, asc, eq, ne, sql } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { accounts } from '../schema.ts';
import { insertIdentity, isIdentity } from './accounts-of-identities.ts';
import { takeResult, type Presented } from './complete-sign-in.ts';
import { identities } from './identity-tables.ts';

/** The account that an identity is linked to, by the session that began. */
export type Linking = Presented & Readonly<{ subject: string; session: string }>;

export type Linked = 'linked' | 'unknown code' | 'linked to another account';

/**
 * Links an identity to an account, for the session that began it and for no other: whoever is lured to a provider with somebody else's
 * beginning links nothing. Linking again what is linked to the same account changes nothing.
 */
export async function linkIdentity(authority: Authority, linking: Linking): Promise<Linked> {
  const { subject, session } = linking;
  const result = await takeResult(authority, linking);
  if (result === undefined || result.linkingSession !== session) return 'unknown code';
  const inserted = await insertIdentity(authority.database, { ...result, subject, at: new Date(authority.now()) });
  if (inserted) return 'linked';
  const [known] = await authority.database
    .select({ subject: identities.subject })
    .from(identities)
    .where(isIdentity(result));
  return known?.subject === subject ? 'linked' : 'linked to another account';
}

export async function listIdentities({ database }: Authority, subject: string) {
  return database
    .select({ issuer: identities.issuer, externalSubject: identities.externalSubject, linkedAt: identities.linkedAt })
    .from(identities)
    .where(eq(identities.subject, subject))
    .orderBy(asc(identities.linkedAt));
}

export type Unlinked = 'unlinked' | 'not linked' | 'the only way in';

/** Takes a link away, unless nothing would be left to sign in with. */
export async function unlinkIdentity(
  { database }: Authority,
  { subject, issuer }: Readonly<{ subject: string; issuer: string }>,
): Promise<Unlinked> {
  return inTransaction(database, transactionLimits, async (transaction): Promise<Unlinked> => {
    // Two at once would each see the other's link and take both.
    const [account] = await transaction
      .select({ passwordHash: accounts.passwordHash })
      .from(accounts)
      .where(eq(accounts.subject, subject))
      .for('update');
    const [other] = await transaction
      .select({ one: sql`1` })
      .from(identities)
      .where(and(eq(identities.subject, subject), ne(identities.issuer, issuer)));
    if ((account?.passwordHash ?? null) === null && other === undefined) return 'the only way in';
    const taken = await transaction
      .delete(identities)
      .where(and(eq(identities.subject, subject), eq(identities.issuer, issuer)))
      .returning({ subject: identities.subject });
    return taken.length === 0 ? 'not linked' : 'unlinked';
  });
}
