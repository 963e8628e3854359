import { openForge } from './forge.ts';
import { postSentry, refusedToken } from './sentry.ts';
import { mutate, rollDice } from './token-mutations.ts';

export type MutationRun = Readonly<{
  /** Distinct bad tokens that were shown. */
  shown: number;
  /** What was heard that was not the one public answer, with the token: nothing, if all is well. */
  otherAnswers: readonly string[];
  /** How often each reason was the one inside: the corpus reaches every rule, or it proves little. */
  reasons: ReadonlyMap<string, number>;
}>;

/** Shows `count` distinct bad tokens to both gates. The same seed makes the same mutations, of new keys. */
export async function runMutations(
  count: number,
  seed: number,
  onProgress: (shown: number) => void = () => {},
): Promise<MutationRun> {
  const forge = await openForge();
  const sentry = await postSentry(forge);
  const dice = rollDice(seed);
  const good: [string, ...string[]] = [forge.good(), ...Array.from({ length: 31 }, () => forge.good())];
  const seen = new Set<string>(good);
  const otherAnswers: string[] = [];
  const reasons = new Map<string, number>();
  let shown = 0;
  while (shown < count) {
    const token = mutate(dice, good, forge);
    if (seen.has(token)) continue;
    seen.add(token);
    shown += 1;
    // The fresh gate looks at the same things first; every eighth token is shown to it as well.
    const answers = [await sentry.local(token), ...(shown % 8 === 0 ? [await sentry.fresh(token)] : [])];
    for (const { heard, reason } of answers) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      if (heard !== refusedToken) otherAnswers.push(`${heard} to ${token}`);
    }
    if (shown % 10_000 === 0) onProgress(shown);
  }
  sentry.close();
  return { shown, otherAnswers: otherAnswers.slice(0, 5), reasons };
}
