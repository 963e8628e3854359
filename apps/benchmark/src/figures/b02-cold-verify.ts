import { contestantProcesses } from '../contestant-processes.ts';
import type { Figure } from '../figure.ts';

const sallyport = 'sallyport';
const bare = 'crypto.verify';
const limit = 'crypto.verify and JSON.parse';

/** A token that nobody has seen before: what its first request costs. */
export const coldVerify: Figure = {
  id: 'B2',
  title: 'A token never seen before, verified: against the bare signature check, and against what people verify with',
  seconds: { quick: 8, full: 75 },
  open: async (run) => {
    const { contestants, close } = await contestantProcesses({
      program: 'cold-verify.ts',
      names: [sallyport, bare, limit, 'jose', 'fast-jwt', 'aws-jwt-verify', 'jsonwebtoken'],
      launcher: run.pinning.measured,
    });
    return {
      kind: 'comparison',
      contestants,
      roundMs: 1100,
      cuts: 22,
      goals: [
        { of: sallyport, over: bare, limit, measure: 'perSecond', bound: { atLeast: 0.9 } },
        { of: sallyport, over: 'jose', measure: 'perSecond', bound: { atLeast: 1.4 } },
      ],
      notes: [
        'crypto.verify is ES256 over bytes that lie ready. The limit takes them from a token, checks it and parses its claims, and looks at nothing. Sallyport checks spelling, signature, claims and revocations, and marks that the token came: services keep what they verified from its second time on.',
        'All but jsonwebtoken compare the token’s type, or the issuer’s key by its name; all compare issuer and audience. One token after the other.',
      ],
      close,
    };
  },
};
