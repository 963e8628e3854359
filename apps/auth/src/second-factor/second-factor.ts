import { and, eq, isNotNull, isNull, lt, lte, or, sql } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import type { AuthQueries } from '../database.ts';
import { after } from '../moments.ts';
import { totpFactors } from '../schema.ts';
import { enrolmentUri, newSeed, seedToBase32, stepOfCode } from './totp.ts';

export type TotpFactor = typeof totpFactors.$inferSelect;

/** Wrong codes in a row, counted per account, after which no code is looked at for a while. */
const maxAttempts = 5;
const lockSeconds = 5 * 60;

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
  const confirmed = await database
    .update(totpFactors)
    .set({ confirmedAt: new Date(now()), lastStep, attempts: 0 })
    .where(
      and(
        eq(totpFactors.subject, subject),
        isNull(totpFactors.confirmedAt),
        eq(totpFactors.sealedSeed, factor.sealedSeed),
      ),
    )
    .returning({ subject: totpFactors.subject });
  return confirmed.length === 1;
}

export async function confirmedFactor({ database }: Authority, subject: string): Promise<TotpFactor | undefined> {
  const [factor] = await database
    .select()
    .from(totpFactors)
    .where(and(eq(totpFactors.subject, subject), isNotNull(totpFactors.confirmedAt)));
  return factor;
}

/**
 * Takes one of the account's attempts, *before* a code is looked at: any number of guesses sent at once can use no more
 * attempts than there are. False while the account is locked. The fifth attempt in a row locks it; a right code unlocks
 * it.
 */
export async function takeAttempt({ database, now }: Authority, subject: string): Promise<boolean> {
  const at = new Date(now());
  const isLast = sql`${totpFactors.attempts} + 1 >= ${maxAttempts}`;
  const taken = await database
    .update(totpFactors)
    .set({
      attempts: sql`CASE WHEN ${isLast} THEN 0 ELSE ${totpFactors.attempts} + 1 END`,
      lockedUntil: sql`CASE WHEN ${isLast} THEN ${after(at, lockSeconds)}::timestamptz END`,
    })
    .where(and(eq(totpFactors.subject, subject), or(isNull(totpFactors.lockedUntil), lte(totpFactors.lockedUntil, at))))
    .returning({ subject: totpFactors.subject });
  return taken.length === 1;
}

/**
 * Accepts a code of the confirmed factor, once: the step becomes the last accepted one by one conditional UPDATE, so of
 * any number of submissions of one code, at once or later, one is accepted (RFC 6238 §5.2).
 */
export async function spendCode(transaction: AuthQueries, factor: TotpFactor, step: number): Promise<boolean> {
  const spent = await transaction
    .update(totpFactors)
    .set({ lastStep: step, attempts: 0, lockedUntil: null })
    .where(
      and(
        eq(totpFactors.subject, factor.subject),
        eq(totpFactors.sealedSeed, factor.sealedSeed),
        lt(totpFactors.lastStep, step),
      ),
    )
    .returning({ subject: totpFactors.subject });
  return spent.length === 1;
}

export function openSeed({ sealer }: Authority, factor: TotpFactor): Uint8Array {
  return sealer.open(factor.sealedSeed, seedPlace(factor.subject));
}

export function seedPlace(subject: string) {
  return { column: 'totp_factors.sealed_seed', row: subject } as const;
}
