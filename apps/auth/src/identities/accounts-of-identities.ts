import { inTransaction } from '@sallyport/db';
import { and, eq } from 'drizzle-orm';
import { recordAudit, type AuditEvent } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { newSubject } from '../identifiers.ts';
import { accounts } from '../schema.ts';
import { identities } from './identity-tables.ts';

/** Somebody at a provider: `iss` and `sub`, which together name one person and never another (OpenID Connect Core §5.7). */
export type Identity = Readonly<{ issuer: string; externalSubject: string }>;

/** A `sub`: at most 255 characters of ASCII (OpenID Connect Core §2), none of which a database or a log has to cope with. */
export const nameGrammar = /^[\x20-\x7e]{1,255}$/;

/** An account that may be signed in to, or why there is none. */
export type Found =
  | Readonly<{ outcome: 'found'; subject: string }>
  | Readonly<{ outcome: 'not linked' }>
  | Readonly<{ outcome: 'disabled' }>;

/**
 * The account that an identity is linked to. Where the provider's people may have new ones, one is made: without e-mail, password or roles,
 * so that nothing a provider says can reach an account that is there. Of two that come at once, one makes it.
 */
export async function accountOf(authority: Authority, identity: Identity, mayBeNew: boolean): Promise<Found> {
  const linked = await findAccount(authority.database, identity);
  if (linked.outcome !== 'not linked' || !mayBeNew) return linked;
  await inTransaction(authority.database, transactionLimits, async (transaction) => {
    const subject = newSubject();
    const at = new Date(authority.now());
    await transaction.insert(accounts).values({ subject, createdAt: at });
    if (!(await insertIdentity(transaction, { ...identity, subject, at }))) throw new LinkedMeanwhile();
    const actor = `subject:${subject}` as const;
    const created: AuditEvent = {
      action: 'account.created',
      actor,
      subject,
      because: 'came from an identity provider',
    };
    await recordAudit(transaction, created, linkedEvent(subject, identity.issuer));
  }).catch((error: unknown) => {
    if (!(error instanceof LinkedMeanwhile)) throw error;
  });
  return findAccount(authority.database, identity);
}

/** The account that an identity is linked to now. */
export async function findAccount(queries: AuthQueries, identity: Identity): Promise<Found> {
  const [account] = await queries
    .select({ subject: accounts.subject, enabled: accounts.enabled })
    .from(identities)
    .innerJoin(accounts, eq(accounts.subject, identities.subject))
    .where(isIdentity(identity));
  if (account === undefined) return { outcome: 'not linked' };
  return account.enabled ? { outcome: 'found', subject: account.subject } : { outcome: 'disabled' };
}

export function isIdentity({ issuer, externalSubject }: Identity) {
  return and(eq(identities.issuer, issuer), eq(identities.externalSubject, externalSubject));
}

/** False when the identity is linked already, to whomever. */
export async function insertIdentity(
  queries: AuthQueries,
  { issuer, externalSubject, subject, at }: Identity & Readonly<{ subject: string; at: Date }>,
): Promise<boolean> {
  const inserted = await queries
    .insert(identities)
    .values({ issuer, externalSubject, subject, linkedAt: at })
    .onConflictDoNothing()
    .returning({ subject: identities.subject });
  return inserted.length === 1;
}

/** Without the `sub`: it is the provider's name for somebody, and none of the log's business. */
export function linkedEvent(subject: string, issuer: string): AuditEvent {
  return { action: 'identity.linked', actor: `subject:${subject}`, subject, detail: { issuer } };
}

/** Rolls the new account back: the identity has one by now. */
class LinkedMeanwhile extends Error {}
