import type { ConfirmationOptions, LocalDecision } from './background-confirmation.ts';
import type { Clock } from './clock.ts';

export type Choice = 'chosen' | 'not chosen' | 'dropped';

/** By chance, and then apart: ten questions at once, after a quiet time, would be felt by the reads beside them. */
export function chooser(options: ConfirmationOptions, clock: Clock): (decision: LocalDecision, open: number) => Choice {
  const { share = 0.01, maxPerSecond = 10, maxOpen = 100, random = Math.random } = options;
  if (!(share >= 0 && share <= 1)) throw new Error(`the share of decisions to confirm is ${share}: use 0 to 1`);
  if (!(maxPerSecond > 0))
    throw new Error(`${maxPerSecond} decisions are confirmed a second: use a share of 0 for none`);
  const apartMs = 1000 / maxPerSecond;
  let freeAtMs = -Infinity;

  return ({ token }, open) => {
    if (token.kind !== 'user' || token.session === undefined) return 'not chosen';
    if (random() >= share) return 'not chosen';
    const nowMs = clock.monotonicMs();
    if (open >= maxOpen || nowMs < freeAtMs) return 'dropped';
    freeAtMs = nowMs + apartMs;
    return 'chosen';
  };
}
