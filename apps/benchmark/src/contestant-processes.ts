import type { Contestant, Round } from './figure.ts';
import { startMeasured } from './measured-process.ts';

export type ContestantProcesses = Readonly<{
  /** A file of `src/programs` that takes the order `round` and is told by `CONTESTANT` which one it is. */
  program: string;
  names: readonly string[];
  launcher: readonly string[];
}>;

/**
 * Contestants that do their work inside a process. Each has one of its own, as it would in production: in a process that another
 * library warmed up, neither would be compiled as it is when it is alone.
 */
export async function contestantProcesses({
  program,
  names,
  launcher,
}: ContestantProcesses): Promise<Readonly<{ contestants: readonly Contestant[]; close: () => Promise<void> }>> {
  const started = await Promise.all(
    names.map(async (name) => ({
      name,
      process: await startMeasured({ program, launcher, settings: { CONTESTANT: name } }),
    })),
  );
  return {
    contestants: started.map(({ name, process }) => ({
      name,
      round: (forMs) => process.order<Round>('round', { forMs }),
    })),
    close: async () => {
      await Promise.all(started.map(({ process }) => process.stop()));
    },
  };
}
