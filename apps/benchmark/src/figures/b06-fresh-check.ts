import { openCaller } from '@sallyport/infra/one-caller';
import { z } from 'zod';
import { callProcedure } from '../call-procedure.ts';
import type { Contestant, Figure, Round, Run } from '../figure.ts';
import { startProductionSystem } from '../production-system.ts';
import { bearer, signInMany } from '../signed-in.ts';

type Way = 'batched' | 'fetched' | 'oneByOne';

const batched = 'sallyport, in process';
const fetched = 'one RFC 7662 fetch a call, in process';
const oneByOne = 'one question a request, nothing to sign, in process';
const batchedOverHttp = 'sallyport, over HTTP';
const fetchedOverHttp = 'one RFC 7662 fetch a call, over HTTP';

const callers = 64;

/** What it costs that nothing moves on an answer that was true a moment ago. */
export const freshCheck: Figure = {
  id: 'B6',
  title:
    'A fresh check at payments, 64 callers: questions in self-clocked batches against one RFC 7662 fetch for each call',
  seconds: { quick: 11, full: 60 },
  open: async (run) => {
    const { measuredService, restService } = run.pinning;
    const house = await startProductionSystem(run, {
      services: ['auth', 'payments'],
      launchers: { auth: restService, payments: measuredService },
      programs: { payments: 'src/measured/fresh-checks.ts' },
    });
    const { urls, close } = house;
    const people = await signInMany(house, callers);
    const authorizations = people.map((person) => bearer(person, 'payments').authorization);
    return {
      kind: 'comparison',
      contestants: [
        inProcess(batched, 'batched', { url: urls.payments, authorizations }),
        inProcess(fetched, 'fetched', { url: urls.payments, authorizations }),
        inProcess(oneByOne, 'oneByOne', { url: urls.payments, authorizations }),
        await overHttp(run, batchedOverHttp, { way: 'batched', url: urls.payments, authorizations }),
        await overHttp(run, fetchedOverHttp, { way: 'fetched', url: urls.payments, authorizations }),
      ],
      goals: [
        { of: batched, over: fetched, measure: 'perSecond', bound: { atLeast: 10 } },
        { of: batched, over: fetched, measure: 'p99', bound: { atMost: 1 / 3 } },
        { of: batchedOverHttp, over: fetchedOverHttp, measure: 'perSecond', bound: { atLeast: 10 } },
        { of: batchedOverHttp, over: fetchedOverHttp, measure: 'p99', bound: { atMost: 1 / 3 } },
      ],
      notes: [
        'A regulated procedure with an empty handler in the payments service as it runs; 64 people, each with a session of their own, so no question is shared. In process: 64 callers of the procedure inside payments. Over HTTP: 64 connections to payments, whose own HTTP is then part of both. Payments had one processor; auth, PostgreSQL and the load had the others, and may be what sets the pace.',
        'RFC 7662 at this authority takes an assertion that is signed for the question, and stores that it was used. "Nothing to sign" asks the batched endpoint with a bearer token over undici, one question a request: beside it one sees what batches alone earn.',
      ],
      close,
    };
  },
};

type Asked = Readonly<{ url: string; authorizations: readonly string[] }>;

const roundSchema: z.ZodType<Round> = z.object({
  perSecond: z.number(),
  latency: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }),
});

/** The payments service calls its own procedure, and times it. */
function inProcess(name: string, way: Way, { url, authorizations }: Asked): Contestant {
  return {
    name,
    round: async (forMs) => {
      const caller = openCaller(url);
      const body = JSON.stringify({ way, authorizations, forMs: Math.round(forMs) });
      const round = await callProcedure(caller, { path: '/trpc/checkInProcess', body });
      caller.close();
      return roundSchema.parse(round);
    },
  };
}

async function overHttp(
  run: Run,
  name: string,
  { way, url, authorizations }: Asked & Readonly<{ way: Way }>,
): Promise<Contestant> {
  const load = await run.load();
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'measured' };
  const requests = authorizations.map(
    (authorization) => ({ method: 'POST', path: `/trpc/${way}`, headers: { ...headers, authorization } }) as const,
  );
  const asked = { url, requests, connections: callers, containing: '"done":true' };
  return { name, round: (forMs) => load.send({ ...asked, forMs }) };
}
