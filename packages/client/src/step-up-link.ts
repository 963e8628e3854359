import type { StepUpChallenge } from '@sallyport/auth';
import type { TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { challengeOf } from './denial-answer.ts';
import type { Holding } from './held-tokens.ts';
import { oneAnswerLink } from './one-answer-link.ts';
import { stepUpMembers, type SecondFactor, type StepUpMeans } from './second-factor.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { unlessAborted } from './unless-aborted.ts';

/**
 * Shows what a service asks for, and resolves to the user's second factor (text alone is a code), or to undefined when the
 * user declines. Shown once for all the calls that wait for it.
 */
export type OnStepUp = (challenge: StepUpChallenge, means: StepUpMeans) => Promise<SecondFactor | undefined>;

export type StepUp = (challenge: StepUpChallenge, before: Holding) => Promise<boolean>;

/** One prompt at a time for all services. True when the sign-in of `before` has been stepped up since. */
export function stepUpTogether(keeper: SessionKeeper, onStepUp: OnStepUp, means: StepUpMeans): StepUp {
  let asking: { signIn: number; outcome: Promise<boolean> } | undefined;

  // The prompt waits for a person, so nothing is locked meanwhile: only spending the factor takes its turn.
  async function ask(challenge: StepUpChallenge, before: Holding): Promise<boolean> {
    const factor = await onStepUp(challenge, means);
    return factor !== undefined && keeper.stepUp(before, stepUpMembers(factor, challenge));
  }

  return async (challenge, before) => {
    const now = await keeper.current();
    if (now?.signIn !== before.signIn) return false;
    if (now.stepUps > before.stepUps) return true;
    if (asking?.signIn !== before.signIn) {
      const outcome = ask(challenge, before).finally(() => {
        if (asking?.outcome === outcome) asking = undefined;
      });
      asking = { signIn: before.signIn, outcome };
    }
    return asking.outcome;
  };
}

/**
 * Steps up when a service asks for it, and sends the same operation again: same input, same idempotency key. At most once
 * for a call; a second demand, or a declined prompt, is the caller's error (`isStepUpRequired`).
 */
export function stepUpLink<Router extends AnyRouter>(keeper: SessionKeeper, stepUp: StepUp): TRPCLink<Router> {
  return oneAnswerLink(async (op, send) => {
    const before = await keeper.current();
    try {
      return await send(op);
    } catch (error) {
      const challenge = challengeOf(error);
      if (challenge === undefined || before === undefined) throw error;
      const done = await unlessAborted(stepUp(challenge, before), op.signal);
      if (!done) throw error;
      return send(op);
    }
  });
}
