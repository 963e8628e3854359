import { askedAuthority, batchedIntrospection, startAskedAuthority } from '../asked-authority.ts';
import type { Figure } from '../figure.ts';

/** Of a request, and requests under way: a busy service, and not the end of what the authority can do. */
const asking = { tokensEach: 16, connections: 4 };

/** Whether an answer takes longer because more people are signed in. */
export const manySessions: Figure = {
  id: 'B10',
  title: 'Introspection with a million sessions against a thousand: how long the slowest hundredth takes',
  seconds: { quick: 15, full: 120 },
  shares: askedAuthority,
  open: async (run) => {
    const count = run.quick ? 30_000 : 1_000_000;
    const [few, many] = ['1,000 sessions', `${count.toLocaleString('en')} sessions`];
    const fewer = await run.shared(askedAuthority);
    const more = await startAskedAuthority(run, { count, known: 16_000 });
    return {
      kind: 'comparison',
      contestants: [
        await batchedIntrospection(run, few, { authority: fewer, ...asking }),
        await batchedIntrospection(run, many, { authority: more, ...asking }),
      ],
      goals: [{ of: many, over: few, measure: 'p99', bound: { atMost: 1.2 } }],
      // A percentile of a short round is a handful of answers.
      roundMs: 3000,
      notes: [
        'Two authorities on one processor, of which one is asked at a time: 4 requests under way, 16 tokens each, of 16,000 sessions from all over the larger table. Times are of requests.',
        ...(run.quick ? ['A quick run has 30,000 sessions and not a million.'] : []),
      ],
      close: more.close,
    };
  },
};
