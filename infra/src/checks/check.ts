/** What came of one check, or of one test. */
export type Outcome = Readonly<{
  title: string;
  result: 'passed' | 'failed' | 'skipped';
  /** Why it failed, whole. */
  output?: string;
}>;

/** One step of `pnpm test`: one check or many. Whatever it prints while it runs goes to `onProgress`. */
export type Step = Readonly<{
  name: string;
  title: string;
  run: (onProgress: (text: string) => void) => Promise<readonly Outcome[]>;
}>;

export type Tally = Readonly<{ passed: number; failed: number; skipped: number }>;

export function tallyOf(outcomes: readonly Outcome[]): Tally {
  const count = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

/** The last line of a run. */
export function describeTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}
