import { inTransaction } from '@sallyport/db';
import { and, eq } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { epochSeconds } from '../moments.ts';
import { passkeysOf } from '../passkeys/passkey-assertion.ts';
import { cutOffIn } from '../revocation/cut-off.ts';
import { totpFactors } from '../schema.ts';
import { factorEvent, mailFactorNews } from './factor-news.ts';
import { passkeys, recoveryCodes } from './factor-tables.ts';
import { countRecoveryCodes } from './recovery-codes.ts';
import { confirmedFactor } from './second-factor.ts';

/** What an account can show besides its password. Times are epoch seconds. */
export async function listFactors(authority: Authority, subject: string) {
  const { database } = authority;
  const totp = await confirmedFactor(authority, subject);
  const own = await passkeysOf(database, subject);
  return {
    totp: totp?.confirmedAt ? { since: epochSeconds(totp.confirmedAt) } : undefined,
    passkeys: own.map(({ credentialId, label, isSynced, createdAt, lastUsedAt }) => ({
      id: credentialId,
      label,
      isSynced,
      since: epochSeconds(createdAt),
      lastUsedAt: lastUsedAt === null ? undefined : epochSeconds(lastUsedAt),
    })),
    recoveryCodesLeft: await countRecoveryCodes(database, subject),
  };
}

/** Whether the account has a second factor: a recovery code alone is none. */
export async function hasSecondFactor(authority: Authority, subject: string): Promise<boolean> {
  const totp = await confirmedFactor(authority, subject);
  return totp !== undefined || (await passkeysOf(authority.database, subject)).length > 0;
}

export type FactorName = Readonly<{ kind: 'totp' }> | Readonly<{ kind: 'passkey'; id: string }>;

/**
 * Takes a factor away, and ends every session that the account has, this one too: nobody knows which of them rest on what is
 * gone (DESIGN §8). With the last factor go the recovery codes. Answers the feed's position, or `undefined` for no such factor.
 */
export async function removeFactor(
  authority: Authority,
  subject: string,
  factor: FactorName,
): Promise<number | undefined> {
  const at = new Date(authority.now());
  const position = await inTransaction(authority.database, transactionLimits, async (transaction) => {
    if (!(await deleteFactor(transaction, subject, factor))) return undefined;
    const [totp] = await transaction.select().from(totpFactors).where(eq(totpFactors.subject, subject));
    const left = await passkeysOf(transaction, subject);
    if (totp === undefined && left.length === 0)
      await transaction.delete(recoveryCodes).where(eq(recoveryCodes.subject, subject));
    const target = { kind: 'subject', subject } as const;
    const ending = { because: `removed a factor: ${factor.kind}`, actor: `subject:${subject}`, at } as const;
    const ended = await cutOffIn(transaction, target, ending);
    await recordAudit(transaction, factorEvent('factor.removed', subject, { kind: factor.kind }));
    return ended.position;
  });
  if (position !== undefined) mailFactorNews(authority, 'factor.removed', subject);
  return position;
}

async function deleteFactor(transaction: AuthQueries, subject: string, factor: FactorName): Promise<boolean> {
  if (factor.kind === 'totp') {
    const ofSubject = eq(totpFactors.subject, subject);
    return (await transaction.delete(totpFactors).where(ofSubject).returning()).length === 1;
  }
  const isOwn = and(eq(passkeys.subject, subject), eq(passkeys.credentialId, factor.id));
  return (await transaction.delete(passkeys).where(isOwn).returning()).length === 1;
}
