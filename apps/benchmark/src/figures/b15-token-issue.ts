import { contestantProcesses } from '../contestant-processes.ts';
import type { Figure } from '../figure.ts';

/** What a sign-in or a refresh pays for each audience. */
export const tokenIssue: Figure = {
  id: 'B15',
  title: 'Access tokens made a second: the authority against jose’s SignJWT',
  seconds: { quick: 3, full: 25 },
  open: async (run) => {
    const { contestants, close } = await contestantProcesses({
      program: 'token-issue.ts',
      names: ['sallyport', 'jose'],
      launcher: run.pinning.measured,
    });
    return {
      kind: 'comparison',
      contestants,
      goals: [{ of: 'sallyport', over: 'jose', measure: 'perSecond', bound: { atLeast: 2 } }],
      notes: [
        'The authority makes ids and times anew and looks at the token’s size; jose is given the claims and signs them. One token after the other.',
      ],
      close,
    };
  },
};
