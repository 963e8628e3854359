import type { ConfirmationOptions, LocalDecision } from './background-confirmation.ts';
import type { Clock } from './clock.ts';

export type Choice = 'chosen' | 'not chosen' | 'dropped';

/** By chance, and then at most so many a second: a bucket that fills evenly. */
export function chooser(options: ConfirmationOptions, clock: Clock): (decision: LocalDecision, open: number) => Choice {
  const { share = 0.01, maxPerSecond = 10, maxOpen = 100, random = Math.random } = options;
  if (!(share >= 0 && share <= 1)) throw new Error(`the share of decisions to confirm is ${share}: use 0 to 1`);
  let left = maxPerSecond;
  let filledAtMs = clock.monotonicMs();

  return ({ token }, open) => {
    if (token.kind !== 'user' || token.session === undefined) return 'not chosen';
    if (random() >= share) return 'not chosen';
    const nowMs = clock.monotonicMs();
    left = Math.min(maxPerSecond, left + ((nowMs - filledAtMs) / 1000) * maxPerSecond);
    filledAtMs = nowMs;
    if (open >= maxOpen || left < 1) return 'dropped';
    left -= 1;
    return 'chosen';
  };
}
