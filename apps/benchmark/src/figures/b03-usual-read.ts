import type { Figure } from '../figure.ts';
import { measuredCatalog } from '../measured-catalog.ts';
import { heldId, openReadContestants } from '../read-contestants.ts';

const sallyport = 'catalog, signed in';
const usual = 'tRPC standalone and jose';
const limit = 'bare procedure';

/** Against what a team writes today. */
export const usualRead: Figure = {
  id: 'B3',
  title: 'A signed-in read at catalog, row in memory, against tRPC’s standalone adapter with jose in a middleware',
  seconds: { quick: 4, full: 60 },
  shares: measuredCatalog,
  open: async (run) => {
    const { catalog, server, close } = await openReadContestants(run);
    return {
      kind: 'comparison',
      contestants: [
        await catalog(sallyport, { procedure: 'products.getSignedIn', id: heldId, header: 'authorization' }),
        await server(usual),
        await server(limit),
      ],
      // The other's rate is anywhere within a third: twice as many rounds as usual.
      ...(!run.quick && { roundMs: 3000 }),
      cuts: 2,
      goals: [{ of: sallyport, over: usual, measure: 'perSecond', bound: { atLeast: 8 }, limit }],
      notes: [
        'Both answer the same bytes to the same tokens over 64 connections. The other has no log, no limits, no revocation and no rules about products; catalog has. The limit is tRPC’s core on node:http, open to anybody.',
      ],
      close,
    };
  },
};
