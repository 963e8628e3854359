import { inTransaction } from '@sallyport/db';
import { and, eq, isNotNull, isNull } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { totpFactors } from '../schema.ts';
import { factorEvent, mailFactorNews } from './factor-news.ts';
import { enrolmentUri, newSeed, seedToBase32, stepOfCode } from './totp.ts';

export type TotpFactor = typeof totpFactors.$inferSelect;

/**
 * Draws a seed and stores it sealed, in place of an earlier one that was not confirmed. `undefined` when a factor is
 * confirmed already: it must not be replaced by whoever holds a session for five minutes.
 */
export async function beginEnrolment(
  { database, sealer }: Authority,
  who: Readonly<{ subject: string; label: string }>,
): Promise<{ seed: string; uri: string } | undefined> {
  const seed = newSeed();
  const sealedSeed = sealer.seal(seed, seedPlace(who.subject));
  const [begun] = await database
    .insert(totpFactors)
    .values({ subject: who.subject, sealedSeed })
    .onConflictDoUpdate({ target: totpFactors.subject, set: { sealedSeed }, setWhere: isNull(totpFactors.confirmedAt) })
    .returning({ subject: totpFactors.subject });
  return begun && { seed: seedToBase32(seed), uri: enrolmentUri(seed, who.label) };
}

/**
 * Confirms the seed that was drawn last, by a code of it. The code is spent. False for a wrong code or nothing to
 * confirm.
 */
export async function confirmEnrolment(
  authority: Authority,
  { subject, code }: Readonly<{ subject: string; code: string }>,
): Promise<boolean> {
  const { database, now } = authority;
  const [factor] = await database
    .select()
    .from(totpFactors)
    .where(and(eq(totpFactors.subject, subject), isNull(totpFactors.confirmedAt)));
  if (factor === undefined) return false;
  const lastStep = stepOfCode(openSeed(authority, factor), code, now());
  if (lastStep === undefined) return false;
  const isSame = and(
    eq(totpFactors.subject, subject),
    isNull(totpFactors.confirmedAt),
    eq(totpFactors.sealedSeed, factor.sealedSeed),
  );
  const confirmed = await inTransaction(database, transactionLimits, async (transaction) => {
    const rows = await transaction
      .update(totpFactors)
      .set({ confirmedAt: new Date(now()), lastStep, attempts: 0 })
      .where(isSame)
      .returning({ subject: totpFactors.subject });
    if (rows.length === 1) await recordAudit(transaction, factorEvent('factor.enrolled', subject, { kind: 'totp' }));
    return rows.length === 1;
  });
  if (confirmed) mailFactorNews(authority, 'factor.enrolled', subject);
  return confirmed;
}

export async function confirmedFactor({ database }: Authority, subject: string): Promise<TotpFactor | undefined> {
  const [factor] = await database
    .select()
    .from(totpFactors)
    .where(and(eq(totpFactors.subject, subject), isNotNull(totpFactors.confirmedAt)));
  return factor;
}

export function openSeed({ sealer }: Authority, factor: TotpFactor): Uint8Array {
  return sealer.open(factor.sealedSeed, seedPlace(factor.subject));
}

export function seedPlace(subject: string) {
  return { column: 'totp_factors.sealed_seed', row: subject } as const;
}
