import type { ConfirmationOptions, LocalDecision } from './background-confirmation.ts';
import type { Clock } from './clock.ts';

export type Choice = 'chosen' | 'not chosen' | 'dropped';

/** By chance, and no more than so many in a second, which begins with the first of them. What was not used is not saved up. */
export function chooser(options: ConfirmationOptions, clock: Clock): (decision: LocalDecision, open: number) => Choice {
  const { share = 0.01, maxPerSecond = 10, maxOpen = 100, random = Math.random } = options;
  if (!(share >= 0 && share <= 1)) throw new Error(`the share of decisions to confirm is ${share}: use 0 to 1`);
  if (!(maxPerSecond >= 1))
    throw new Error(`${maxPerSecond} decisions are confirmed a second: use 1 or more, or a share of 0 for none`);
  let secondEndsAtMs = -Infinity;
  let taken = 0;

  return ({ token }, open) => {
    if (token.kind !== 'user' || token.session === undefined) return 'not chosen';
    if (random() >= share) return 'not chosen';
    const nowMs = clock.monotonicMs();
    if (nowMs >= secondEndsAtMs) {
      secondEndsAtMs = nowMs + 1000;
      taken = 0;
    }
    if (open >= maxOpen || taken >= maxPerSecond) return 'dropped';
    taken += 1;
    return 'chosen';
  };
}
