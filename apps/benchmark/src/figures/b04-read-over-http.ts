import type { Figure } from '../figure.ts';
import { measuredCatalog } from '../measured-catalog.ts';
import { heldId, openReadContestants } from '../read-contestants.ts';

const sallyport = 'catalog, signed in';
const silent = 'catalog, signed in, without log, metrics and traces';
const limit = 'bare procedure';
const raw = 'node:http';
const signedInRead = { procedure: 'products.getSignedIn', id: heldId, header: 'authorization' } as const;
const others = ['node:http, all headers', limit, 'tRPC on Hono', 'tRPC on Fastify', 'tRPC standalone'] as const;

/** How much of what Node's HTTP can do is left when everything that a request needs was done. */
export const readOverHttp: Figure = {
  id: 'B4',
  title: 'A signed-in read at catalog, row in memory, against raw node:http that answers the same bytes',
  seconds: { quick: 8, full: 105 },
  shares: measuredCatalog,
  open: async (run) => {
    const { catalog, silentCatalog, server, close } = await openReadContestants(run);
    const servers = [];
    for (const name of [raw, ...others]) servers.push(await server(name));
    return {
      kind: 'comparison',
      contestants: [
        await catalog(sallyport, signedInRead),
        await catalog('catalog, publicRead', { procedure: 'products.get', id: heldId }),
        ...(run.quick ? [] : [await silentCatalog(silent, signedInRead)]),
        ...servers,
      ],
      // In the usual round of a quick run, making 64 connections takes longer than the load can spare.
      ...(run.quick && { roundMs: 3750 }),
      goals: [{ of: sallyport, over: raw, measure: 'perSecond', bound: { atLeast: 0.42 }, limit }],
      notes: [
        '64 connections, 16 people’s tokens. The limit is the bare procedure: tRPC’s core on node:http, without gates, log, limits, errors or aborts.',
        'The three adapters serve the same procedure to anybody; “all headers” is node:http with every header that catalog sends.',
      ],
      close,
    };
  },
};
