import { contestantProcesses } from '../contestant-processes.ts';
import type { Figure } from '../figure.ts';

/** A token that was verified a moment ago, verified again: what a steady caller's request costs. */
export const warmVerify: Figure = {
  id: 'B5',
  title: 'A token seen before, verified again: Sallyport’s local gate stack against fast-jwt with its cache',
  seconds: { quick: 3, full: 20 },
  open: async (run) => {
    const names = ['sallyport', 'fast-jwt', 'jose'] as const;
    const { contestants, close } = await contestantProcesses({
      program: 'warm-verify.ts',
      names,
      launcher: run.pinning.measured,
    });
    return {
      kind: 'comparison',
      contestants,
      // Nothing hangs on a few percent here.
      roundMs: 750,
      goals: [{ of: 'sallyport', over: 'fast-jwt', measure: 'perSecond', bound: { atLeast: 5 } }],
      notes: [
        'Each in a process of its own, 100 tokens in turns. jose keeps no verified tokens: it shows what remembering is worth.',
      ],
      close,
    };
  },
};
