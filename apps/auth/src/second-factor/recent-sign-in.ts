import { denialError } from '@sallyport/auth/trpc';
import { refuse } from '@sallyport/service';
import { eq } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import { epochSeconds } from '../moments.ts';
import { sessions } from '../schema.ts';
import { twoFactors, type FactorTimes } from '../sign-in/proof.ts';
import { hasSecondFactor } from './factors.ts';

/** How recent a full sign-in must be for somebody to change how they sign in (ASVS 5.0 V7.5.1). Seconds. */
const fullSignInSeconds = 10 * 60;

type Signed = Readonly<{ startedAt: Date; secondFactorAt: Date | null; factorTimes: FactorTimes }>;

/**
 * What is missing for a full sign-in that is recent: all of it, or the second factor of an account that has one. Pure.
 *
 * Every factor of the session must be recent: one that was shown long ago proves that somebody was here long ago.
 */
export function missingForFullSignIn(
  session: Signed,
  { enrolled, at }: Readonly<{ enrolled: boolean; at: Date }>,
): 'sign-in' | 'second factor' | undefined {
  const oldest = epochSeconds(at) - fullSignInSeconds;
  const firstFactorAt = Math.min(epochSeconds(session.startedAt), ...Object.values(session.factorTimes));
  if (firstFactorAt < oldest) return 'sign-in';
  if (!enrolled) return undefined;
  const isRecent = session.secondFactorAt !== null && epochSeconds(session.secondFactorAt) >= oldest;
  return isRecent ? undefined : 'second factor';
}

/** Stands in front of everything that enrols or removes a factor. Answers a step-up demand, or that only a new sign-in will do. */
export async function demandFullSignIn(
  authority: Authority,
  principal: Readonly<{ subject: string; session?: string }>,
): Promise<void> {
  const [session] = await authority.database
    .select()
    .from(sessions)
    .where(eq(sessions.sid, principal.session ?? ''));
  // The gate has just asked, and whatever ended meanwhile signs in again.
  if (session?.subject !== principal.subject) return refuseOldSignIn();
  const enrolled = await hasSecondFactor(authority, principal.subject);
  const missing = missingForFullSignIn(session, { enrolled, at: new Date(authority.now()) });
  if (missing === 'sign-in') return refuseOldSignIn();
  if (missing === undefined) return undefined;
  const stepUp = { acrValues: [twoFactors], maxAgeSeconds: fullSignInSeconds, scope: 'account' };
  throw denialError({
    reason: session.secondFactorAt === null ? 'second_factor_missing' : 'second_factor_too_old',
    stepUp,
  });
}

function refuseOldSignIn(): never {
  refuse({
    code: 'FORBIDDEN',
    reason: 'sign_in_too_old',
    message: 'Sign out and in again to change how you sign in.',
  });
}
