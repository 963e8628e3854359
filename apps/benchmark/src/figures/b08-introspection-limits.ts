import { askedAuthority, batchedIntrospection, fullBatch, questionAbout } from '../asked-authority.ts';
import type { Contestant, Figure, Round } from '../figure.ts';
import { keysInGroups, lookUpsOverHttp } from '../look-ups-over-http.ts';
import { startMeasured } from '../measured-process.ts';

const batched = 'sallyport, 128 tokens a request';
const bareMany = 'bare pg, = ANY($1) with 128 keys';
const bareHttp = 'bare node:http around the same look-up';
const oneQuestion = 'one caller asks sallyport';
const bareOne = 'one caller, one bare lookup over undici';
const bareStatement = 'one caller, the authority’s statement over undici';

/** Requests under way at once: enough that neither waits for the other end. */
const underWay = 16;

/** What the authority's checks, HTTP and JSON cost beside the lookup that all of it stands on. */
export const introspectionLimits: Figure = {
  id: 'B8',
  title: 'Batched introspection against the bare look-up of as many keys; and one caller with nobody to share with',
  seconds: { quick: 6, full: 65 },
  shares: askedAuthority,
  open: async (run) => {
    const { measured, rest } = run.pinning;
    const authority = await run.shared(askedAuthority);
    const { databaseUrl, sessions, url } = authority;
    const bare = await startMeasured({
      program: 'bare-lookups.ts',
      launcher: measured,
      settings: { DATABASE_URL: databaseUrl },
    });
    const caller = await startMeasured({
      program: 'one-caller.ts',
      launcher: rest,
      settings: { AUTHORITY: url, CLIENT_KEY: authority.clientKey, LOOKUP: bare.url },
    });
    const groups = keysInGroups(authority, fullBatch);
    const questions = sessions.map(questionAbout);
    const alone = (name: string, order: 'authority' | 'lookup' | 'statement'): Contestant => ({
      name,
      round: (forMs) => caller.order<Round>(order, { questions, forMs }),
    });
    const asking = { authority, connections: underWay };
    return {
      kind: 'comparison',
      contestants: [
        await batchedIntrospection(run, batched, { ...asking, tokensEach: fullBatch }),
        { name: bareMany, round: (forMs) => bare.order<Round>('round', { groups, underWay, forMs }) },
        await lookUpsOverHttp(run, bareHttp, { ...asking, server: bare, keysEach: fullBatch }),
        alone(oneQuestion, 'authority'),
        alone(bareOne, 'lookup'),
        alone(bareStatement, 'statement'),
      ],
      goals: [
        { of: batched, over: bareMany, measure: 'perSecond', bound: { atLeast: 0.8 }, limit: bareHttp },
        { of: oneQuestion, over: bareOne, measure: 'p50', bound: { atMost: 1.1 }, limit: bareStatement },
      ],
      notes: [
        'Tokens, or keys, a second. The bare look-up is a loop inside the process on the first processor: no HTTP, no JSON, no question whether the session, its account and its client are good. The same behind a bare node:http server shows what HTTP and JSON alone take of it.',
        'One caller: Sallyport’s service client as payments uses it, and undici against a bare node:http server that looks up one session by its id, with the callers beside PostgreSQL and the servers alone. Behind the same bare server, the authority’s own statement shows what is left to win: it asks for everything that can end a session, where the look-up asks for a row.',
      ],
      close: async () => {
        await Promise.all([caller.stop(), bare.stop()]);
      },
    };
  },
};
