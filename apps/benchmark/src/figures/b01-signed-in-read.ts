import type { Figure } from '../figure.ts';
import { measuredCatalog } from '../measured-catalog.ts';
import { heldId, openReadContestants } from '../read-contestants.ts';

const names = {
  signedIn: 'signed in, from the database',
  anybody: 'publicRead, from the database',
  signedInHeld: 'signed in, from memory',
  anybodyHeld: 'publicRead, from memory',
  laden: 'publicRead, from the database, with a header as long',
  ladenHeld: 'publicRead, from memory, with a header as long',
} as const;

/** What the local gate costs a read. */
export const signedInRead: Figure = {
  id: 'B1',
  title: 'Catalog’s products.get behind the local gate, steady tokens, against the same procedure open to anybody',
  seconds: { quick: 15, full: 130 },
  shares: measuredCatalog,
  open: async (run) => {
    const { catalog, storedId, close } = await openReadContestants(run);
    const signedIn = { procedure: 'products.getSignedIn', header: 'authorization' } as const;
    const anybody = { procedure: 'products.get' };
    const laden = { ...anybody, header: 'x-unread' } as const;
    const bound = { atLeast: 0.97 };
    return {
      kind: 'comparison',
      // From the database and from memory in turns: what comes after a load of its own kind finds everything warm.
      contestants: [
        await catalog(names.signedIn, { ...signedIn, id: storedId }),
        await catalog(names.signedInHeld, { ...signedIn, id: heldId }),
        await catalog(names.anybody, { ...anybody, id: storedId }),
        await catalog(names.anybodyHeld, { ...anybody, id: heldId }),
        await catalog(names.laden, { ...laden, id: storedId }),
        await catalog(names.ladenHeld, { ...laden, id: heldId }),
      ],
      goals: [
        { of: names.signedIn, over: names.anybody, limit: names.laden, measure: 'perSecond', bound },
        { of: names.signedInHeld, over: names.anybodyHeld, limit: names.ladenHeld, measure: 'perSecond', bound },
      ],
      roundMs: 2500,
      cuts: 100,
      notes: [
        '64 connections, 16 people’s tokens. From memory there is nothing else that a request waits for: the harder of the two.',
        'The limit carries the same tokens in a header that nobody reads: what half a kilobyte more costs Node’s HTTP.',
      ],
      close,
    };
  },
};
