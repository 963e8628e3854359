import { inTransaction } from '@sallyport/db';
import { and, asc, eq, ne } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { passkeysOf } from '../passkeys/passkey-assertion.ts';
import { cutOffIn } from '../revocation/cut-off.ts';
import { accounts } from '../schema.ts';
import { insertIdentity, isIdentity, linkedEvent } from './accounts-of-identities.ts';
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
  const at = new Date(authority.now());
  const inserted = await inTransaction(authority.database, transactionLimits, async (transaction) => {
    if (!(await insertIdentity(transaction, { ...result, subject, at }))) return false;
    await recordAudit(transaction, linkedEvent(subject, result.issuer));
    return true;
  });
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

export type Unlinked =
  | Readonly<{ outcome: 'unlinked'; /** The feed's, after it. */ position: number }>
  | Readonly<{ outcome: 'not linked' | 'the only way in'; position?: never }>;

/** Takes a link away and ends every session of its account, in one transaction. Not where nothing would be left to sign in with. */
export async function unlinkIdentity(
  { database, now }: Authority,
  { subject, issuer }: Readonly<{ subject: string; issuer: string }>,
): Promise<Unlinked> {
  return inTransaction(database, transactionLimits, async (transaction): Promise<Unlinked> => {
    // Two at once would each see the other's link and take both.
    const [account] = await transaction
      .select({ passwordHash: accounts.passwordHash })
      .from(accounts)
      .where(eq(accounts.subject, subject))
      .for('update');
    const isTheirs = and(eq(identities.subject, subject), eq(identities.issuer, issuer));
    const others = await transaction
      .select({ issuer: identities.issuer })
      .from(identities)
      .where(and(eq(identities.subject, subject), ne(identities.issuer, issuer)));
    const passkeys = await passkeysOf(transaction, subject);
    if (!account?.passwordHash && others.length + passkeys.length === 0) return { outcome: 'the only way in' };
    const taken = await transaction.delete(identities).where(isTheirs).returning({ issuer: identities.issuer });
    if (taken.length === 0) return { outcome: 'not linked' };
    const actor = `subject:${subject}` as const;
    const ending = { because: 'unlinked an identity provider', at: new Date(now()), actor };
    const { position } = await cutOffIn(transaction, { kind: 'subject', subject }, ending);
    await recordAudit(transaction, { action: 'identity.unlinked', actor, subject, detail: { issuer } });
    return { outcome: 'unlinked', position };
  });
}
