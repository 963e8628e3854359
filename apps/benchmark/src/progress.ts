import type { Figure } from './figure.ts';

export type Progress = Readonly<{
  /** A figure begins. */
  begin: (figure: Figure) => void;
  /** What of it is being done. */
  doing: (what: string) => void;
  /** It is done. */
  end: () => void;
}>;

const everyMs = 1000;

/** Tells on standard error what is being done and how long it will take: on one line of a terminal, else in a line for each figure. */
export function openProgress(figures: readonly Figure[], kind: keyof Figure['seconds']): Progress {
  const { stderr } = process;
  const startedAtMs = performance.now();
  const expected = (some: readonly Figure[]) => some.reduce((sum, { seconds }) => sum + seconds[kind], 0);
  let current: Figure | undefined;
  let beganAtMs = startedAtMs;
  let toldAtMs = 0;

  const left = (): string => {
    const position = current === undefined ? 0 : figures.indexOf(current);
    const ofThis = Math.min((performance.now() - beganAtMs) / 1000, current?.seconds[kind] ?? 0);
    const secondsLeft = Math.max(0, expected(figures.slice(position)) - ofThis);
    return `${position + 1} of ${figures.length}, about ${asMinutes(secondsLeft)} left`;
  };

  return {
    begin: (figure) => {
      current = figure;
      beganAtMs = performance.now();
      toldAtMs = 0;
      if (!stderr.isTTY) stderr.write(`${figure.id} (${left()}): ${figure.title}\n`);
    },
    doing: (what) => {
      if (!stderr.isTTY || performance.now() - toldAtMs < everyMs / 10) return;
      toldAtMs = performance.now();
      stderr.write(`\r\u001B[K${`${current?.id ?? ''} (${left()}): ${what}`.slice(0, stderr.columns - 1)}`);
    },
    end: () => {
      if (stderr.isTTY) stderr.write('\r\u001B[K');
    },
  };
}

function asMinutes(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
