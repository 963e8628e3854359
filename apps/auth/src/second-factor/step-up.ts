import { inTransaction } from '@sallyport/db';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { endFamilyOfSpentToken, findByRefreshToken, rotate, type Rotated } from '../sign-in/token-family.ts';
import { raiseSession } from './raise-session.ts';
import { confirmedFactor, openSeed, spendCode, takeAttempt, type TotpFactor } from './second-factor.ts';
import { stepOfCode } from './totp.ts';

export type StepUp =
  | Readonly<{ outcome: 'stepped up'; rotated: Rotated }>
  | Readonly<{ outcome: 'unknown token' | 'no second factor' | 'locked' | 'wrong code' }>;

/**
 * Raises a session to two factors (RFC 9470): the refresh token proves whose session it is, the code is the second
 * factor.
 *
 * Everything changes in one transaction: the code is spent, the refresh token rotates, the session's times move, and it goes on
 * under another id. A wrong code costs an attempt and nothing else; a refresh token that was spent meanwhile costs no code.
 */
export async function stepUp(
  authority: Authority,
  { refreshToken, code }: Readonly<{ refreshToken: string; code: string }>,
): Promise<StepUp> {
  const session = await findByRefreshToken(authority, refreshToken);
  if (session === undefined) {
    await endFamilyOfSpentToken(authority, refreshToken);
    return { outcome: 'unknown token' };
  }
  const factor = await confirmedFactor(authority, session.subject);
  if (factor === undefined) return { outcome: 'no second factor' };
  if (!(await takeAttempt(authority, session.subject))) return { outcome: 'locked' };
  const step = stepOfCode(openSeed(authority, factor), code, authority.now());
  if (step === undefined) return { outcome: 'wrong code' };
  return spendBoth(authority, { refreshToken, factor, step });
}

type Proof = Readonly<{ refreshToken: string; factor: TotpFactor; step: number }>;

async function spendBoth(authority: Authority, { refreshToken, factor, step }: Proof): Promise<StepUp> {
  const at = new Date(authority.now());
  const outcome = await inTransaction(authority.database, transactionLimits, async (transaction): Promise<StepUp> => {
    // The token first: when it was spent meanwhile, nothing has been written yet.
    const rotated = await rotate(transaction, { refreshToken }, at);
    if (rotated === undefined) return { outcome: 'unknown token' };
    if (!(await spendCode(transaction, factor, step))) throw new CodeSpent();
    const session = await raiseSession(transaction, rotated.session, { amr: ['otp'], at });
    return { outcome: 'stepped up', rotated: { ...rotated, session } };
  }).catch((error: unknown): StepUp => {
    if (error instanceof CodeSpent) return { outcome: 'wrong code' };
    throw error;
  });
  if (outcome.outcome === 'unknown token') await endFamilyOfSpentToken(authority, refreshToken);
  return outcome;
}

/** Rolls the rotation back: the code was used before. */
class CodeSpent extends Error {}
