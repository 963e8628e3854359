import { inTransaction } from '@sallyport/db';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { checkPasskeyForStepUp } from '../passkeys/passkey-assertion.ts';
import type { PasskeyAssertion } from '../passkeys/passkey-forms.ts';
import type { PresentedToken, Rotated } from '../sign-in/presented-token.ts';
import { twoFactors } from '../sign-in/proof.ts';
import type { Session } from '../sign-in/sessions.ts';
import { endFamilyOfSpentToken, findByRefreshToken, rotate } from '../sign-in/token-family.ts';
import type { CheckedFactor } from './checked-factor.ts';
import { factorEvent, mailFactorNews } from './factor-news.ts';
import { raiseSession } from './raise-session.ts';
import { checkRecoveryCode } from './recovery-codes.ts';
import { checkTotp } from './totp-attempts.ts';

/** One second factor, as somebody shows it. */
type ShownFactor =
  | Readonly<{ code: string }>
  | Readonly<{ recoveryCode: string }>
  | Readonly<{ passkey: PasskeyAssertion }>;

export type StepUpRequest = PresentedToken &
  Readonly<{
    shown: ShownFactor;
    /** The classes that the asker was told of (RFC 9470 §4). Without them: two factors. */
    acrValues?: readonly string[] | undefined;
  }>;

export type StepUp =
  | Readonly<{ outcome: 'stepped up'; rotated: Rotated }>
  | Readonly<{ outcome: 'unknown token' | 'unmet' }>
  | Readonly<{ outcome: Exclude<CheckedFactor['outcome'], 'right'> }>;

/**
 * Raises a session to two factors (RFC 9470): the refresh token proves whose session it is, and something else is shown.
 *
 * Everything changes in one transaction: the factor is spent, the refresh token rotates, the session's times move, and it goes on
 * under another id. A wrong code costs an attempt and nothing else; a refresh token that was spent meanwhile costs no code. A class
 * that this house cannot reach costs nothing at all.
 */
export async function stepUp(authority: Authority, request: StepUpRequest): Promise<StepUp> {
  const { shown, acrValues = [twoFactors], ...presented } = request;
  const session = await findByRefreshToken(authority, presented);
  if (session === undefined) {
    await endFamilyOfSpentToken(authority, presented.refreshToken, presented);
    return { outcome: 'unknown token' };
  }
  // What would be refused again afterwards is refused now (RFC 9470 §5).
  if (!acrValues.includes(twoFactors)) return { outcome: 'unmet' };
  const checked = await check(authority, session, shown);
  return checked.outcome === 'right' ? raise(authority, presented, checked) : checked;
}

function check(authority: Authority, session: Session, shown: ShownFactor): Promise<CheckedFactor> {
  if ('code' in shown) return checkTotp(authority, session, shown.code);
  if ('recoveryCode' in shown) return checkRecoveryCode(authority, session, shown.recoveryCode);
  return checkPasskeyForStepUp(authority, session, shown.passkey);
}

type Right = Extract<CheckedFactor, { outcome: 'right' }>;

async function raise(authority: Authority, presented: PresentedToken, { amr, spend, news }: Right): Promise<StepUp> {
  const at = new Date(authority.now());
  const outcome = await inTransaction(authority.database, transactionLimits, async (transaction): Promise<StepUp> => {
    // The token first: when it was spent meanwhile, nothing has been written yet.
    const rotated = await rotate(transaction, presented, at);
    if (rotated === undefined) return { outcome: 'unknown token' };
    if (!(await spend(transaction, rotated.session))) throw new FactorSpent();
    const session = await raiseSession(transaction, rotated.session, { amr, at });
    if (news !== undefined) await recordAudit(transaction, factorEvent(news, session.subject));
    return { outcome: 'stepped up', rotated: { ...rotated, session } };
  }).catch((error: unknown): StepUp => {
    if (error instanceof FactorSpent) return { outcome: 'wrong' };
    throw error;
  });
  if (outcome.outcome === 'stepped up' && news !== undefined)
    mailFactorNews(authority, news, outcome.rotated.session.subject);
  if (outcome.outcome === 'unknown token') await endFamilyOfSpentToken(authority, presented.refreshToken, presented);
  return outcome;
}

/** Rolls the rotation back: the factor was used before. */
class FactorSpent extends Error {}
