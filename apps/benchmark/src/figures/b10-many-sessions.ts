import { askedAuthority, batchedIntrospection, startAskedAuthority, type AskedAuthority } from '../asked-authority.ts';
import type { Figure, Run } from '../figure.ts';
import { lookUpsOverHttp } from '../look-ups-over-http.ts';
import { startMeasured } from '../measured-process.ts';

/** Of a request, and requests under way: as many as a busy service has, and not the end of what PostgreSQL can do beside the load. */
const asking = { tokensEach: 16, connections: 2 };

async function bareLookUps(run: Run, name: string, authority: AskedAuthority) {
  const settings = { DATABASE_URL: authority.databaseUrl };
  const { url, stop } = await startMeasured({ program: 'bare-lookups.ts', launcher: run.pinning.measured, settings });
  const { tokensEach: keysEach, connections } = asking;
  const contestant = await lookUpsOverHttp(run, name, { server: { url }, authority, connections, keysEach });
  return { ...contestant, close: stop };
}

/** Whether an answer takes longer because more people are signed in. */
export const manySessions: Figure = {
  id: 'B10',
  title: 'Introspection with a million sessions against a thousand: how long the slowest hundredth takes',
  seconds: { quick: 7, full: 110 },
  open: async (run) => {
    const count = run.quick ? 30_000 : 1_000_000;
    const [few, many] = ['1,000 sessions', `${count.toLocaleString('en')} sessions`];
    // Both begin here: one that answered other figures before has been compiled and has grown.
    const fewer = await askedAuthority(run);
    const more = await startAskedAuthority(run, { count, known: 16_000 });
    const [fewBare, manyBare] = [`bare look-up, ${few}`, `bare look-up, ${many}`];
    const bare = run.quick ? [] : [await bareLookUps(run, fewBare, fewer), await bareLookUps(run, manyBare, more)];
    return {
      kind: 'comparison',
      contestants: [
        await batchedIntrospection(run, few, { authority: fewer, ...asking }),
        await batchedIntrospection(run, many, { authority: more, ...asking }),
        ...bare,
      ],
      goals: [{ of: many, over: few, measure: 'p99', bound: { atMost: 1.2 }, limit: { of: manyBare, over: fewBare } }],
      // Most turns see no stall of the machine. No shorter: a percentile of a short turn is a handful of answers.
      ...(!run.quick && { roundMs: 2100, cuts: 16 }),
      notes: [
        'Two authorities on one processor, of which one is asked at a time: 2 requests under way, as many as a service has at most, 16 tokens each, of 16,000 sessions from all over the larger table. Times are of requests. The limit asks PostgreSQL for as many rows by their serials, as the authority does, over a bare node:http server.',
        ...(run.quick ? ['A quick run has 30,000 sessions and not a million.'] : []),
      ],
      close: async () => {
        await Promise.all([fewer.close(), more.close(), ...bare.map(({ close }) => close())]);
      },
    };
  },
};
