import { inTransaction } from '@sallyport/db';
import { and, eq, isNull, lt, lte, or, sql } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { after } from '../moments.ts';
import { sessions, totpFactors } from '../schema.ts';
import type { Session } from '../sign-in/sessions.ts';
import type { CheckedFactor } from './checked-factor.ts';
import { factorEvent, mailFactorNews } from './factor-news.ts';
import { confirmedFactor, openSeed, type TotpFactor } from './second-factor.ts';
import { acceptedSteps, stepOfCode } from './totp.ts';

/** Wrong codes in a row, counted per account, after which no code is looked at for a while. */
const maxAttempts = 5;
const lockSeconds = 5 * 60;

/**
 * Wrong codes in all, counted per account and however long that takes, after which no code is looked at until a recovery code is
 * shown. A right code takes back only what its own session tried: whoever guesses gains nothing from the owner's daily sign-ins.
 */
export const maxFailures = 100;

/** The chance to guess a code before recovery is forced, at most: each guess may hit the code of any step that is accepted. Pure. */
export function guessProbability(): number {
  return 1 - (1 - acceptedSteps / 10 ** 6) ** maxFailures;
}

/** Checks a code against the account's confirmed seed. Every look costs an attempt, a right one's is given back when it is spent. */
export async function checkTotp(authority: Authority, session: Session, code: string): Promise<CheckedFactor> {
  const factor = await confirmedFactor(authority, session.subject);
  if (factor === undefined) return { outcome: 'not enrolled' };
  const attempt = await takeAttempt(authority, session);
  if (attempt !== 'taken') return { outcome: attempt };
  const step = stepOfCode(openSeed(authority, factor), code, authority.now());
  if (step === undefined) return { outcome: 'wrong' };
  return {
    outcome: 'right',
    amr: ['otp'],
    spend: (transaction, raised) => spendCode(transaction, factor, { step, session: raised }),
  };
}

/**
 * Takes one of the account's attempts, *before* a code is looked at: any number of guesses sent at once can use no more
 * attempts than there are. The fifth in a row locks the factor for a while, the hundredth until it is recovered.
 */
export async function takeAttempt(
  authority: Authority,
  { subject, serial }: Pick<Session, 'subject' | 'serial'>,
): Promise<'taken' | 'locked' | 'recovery required'> {
  const { database, now } = authority;
  const at = new Date(now());
  const isLast = sql`${totpFactors.attempts} + 1 >= ${maxAttempts}`;
  let isLocked = false;
  const outcome = await inTransaction(database, transactionLimits, async (transaction) => {
    // The session before the factor, as a step-up takes their locks.
    const tried = { triedCodes: sql`${sessions.triedCodes} + 1` };
    await transaction.update(sessions).set(tried).where(eq(sessions.serial, serial));
    const taken = await transaction
      .update(totpFactors)
      .set({
        attempts: sql`CASE WHEN ${isLast} THEN 0 ELSE ${totpFactors.attempts} + 1 END`,
        lockedUntil: sql`CASE WHEN ${isLast} THEN ${after(at, lockSeconds)}::timestamptz END`,
        failures: sql`${totpFactors.failures} + 1`,
      })
      .where(
        and(
          eq(totpFactors.subject, subject),
          lt(totpFactors.failures, maxFailures),
          or(isNull(totpFactors.lockedUntil), lte(totpFactors.lockedUntil, at)),
        ),
      )
      .returning({ failures: totpFactors.failures });
    isLocked = taken[0]?.failures === maxFailures;
    if (isLocked) await recordAudit(transaction, factorEvent('factor.locked', subject, { kind: 'totp' }));
    if (taken.length === 1) return 'taken';
    // Nothing was looked at, so nothing is counted for the session.
    const untried = { triedCodes: sql`${sessions.triedCodes} - 1` };
    await transaction.update(sessions).set(untried).where(eq(sessions.serial, serial));
    const [factor] = await transaction.select().from(totpFactors).where(eq(totpFactors.subject, subject));
    return factor !== undefined && factor.failures >= maxFailures ? 'recovery required' : 'locked';
  });
  if (isLocked) mailFactorNews(authority, 'factor.locked', subject);
  return outcome;
}

/**
 * Accepts a code of the confirmed factor, once: the step becomes the last accepted one by one conditional UPDATE, so of
 * any number of submissions of one code, at once or later, one is accepted (RFC 6238 §5.2).
 */
export async function spendCode(
  transaction: AuthQueries,
  factor: TotpFactor,
  { step, session }: Readonly<{ step: number; session: Pick<Session, 'serial' | 'triedCodes'> }>,
): Promise<boolean> {
  const spent = await transaction
    .update(totpFactors)
    .set({
      lastStep: step,
      attempts: 0,
      lockedUntil: null,
      failures: sql`greatest(0, ${totpFactors.failures} - ${session.triedCodes}::integer)`,
    })
    .where(
      and(
        eq(totpFactors.subject, factor.subject),
        eq(totpFactors.sealedSeed, factor.sealedSeed),
        lt(totpFactors.lastStep, step),
      ),
    )
    .returning({ subject: totpFactors.subject });
  if (spent.length === 0) return false;
  await transaction.update(sessions).set({ triedCodes: 0 }).where(eq(sessions.serial, session.serial));
  return true;
}

/** What a recovery code does for codes: they are looked at again, from zero. */
export async function forgetFailures(transaction: AuthQueries, subject: string): Promise<void> {
  await transaction
    .update(totpFactors)
    .set({ attempts: 0, failures: 0, lockedUntil: null })
    .where(eq(totpFactors.subject, subject));
}
