import { performance } from 'node:perf_hooks';
import {
  cachingVerifier,
  introspectingVerifier,
  localVerifier,
  openGates,
  openRequest,
  type AskAboutOne,
  type AskAuthority,
  type Gates,
  type TokenVerifier,
} from '@sallyport/auth';
import { sealRouter } from '@sallyport/auth/trpc';
import { openServiceClient } from '@sallyport/client/service';
import { decisionLog, demotionLog, readEnvironment, serve, startService } from '@sallyport/service';
import { z } from 'zod';
import { paymentsSettings } from '../environment.ts';
import { openPaymentsParts } from '../payments-parts.ts';
import { router, trust, type Context } from '../trpc.ts';
import { fetchingVerifier } from './fetching-verifier.ts';

// Payments with a handler that does nothing, so that the benchmark sees what a fresh check costs and nothing else: as payments makes
// it, as RFC 7662 is used without thinking of batches, and as payments would ask if it did not gather questions.

const moving = { scope: 'payments:write', mfaWithinSeconds: 300 };

const ways = ['batched', 'fetched', 'oneByOne'] as const;

/** One procedure at three addresses: `gatesOf` tells which gate stands before it. */
const checked = router({
  batched: trust.regulatedAction(moving).mutation(() => ({ done: true })),
  fetched: trust.regulatedAction(moving).mutation(() => ({ done: true })),
  oneByOne: trust.regulatedAction(moving).mutation(() => ({ done: true })),
});

const call = checked.createCaller;

const order = z.strictObject({
  way: z.enum(ways),
  /** A header for each caller, each of a session of its own: nobody shares somebody else's question. */
  authorizations: z.array(z.string()).min(1).max(64),
  forMs: z.int().min(1).max(10_000),
});

type Order = z.output<typeof order>;

await startService('payments', async () => {
  const { ISSUER, CLIENT_ID: clientId, CLIENT_KEY } = readEnvironment(paymentsSettings);
  const { port, host, keys, revocations, gates, database, pool, askQuote, log, telemetry } = await openPaymentsParts();
  const issuer = ISSUER.replace(/\/$/, '');
  const local = cachingVerifier(localVerifier({ issuer: ISSUER, audience: 'payments', keys }), { epoch: keys.epoch });
  const service = openServiceClient({ issuer: ISSUER, clientId, privateKey: CLIENT_KEY });
  const opened = (fresh: TokenVerifier): Gates =>
    openGates({
      issuers: [{ issuer: ISSUER, local, fresh, revocations }],
      restrictions: revocations.restrictions,
      onDecision: decisionLog(log, telemetry),
      onDemotion: demotionLog(log, telemetry),
    });
  const gatesOf = {
    batched: gates,
    fetched: opened(fetchingVerifier(local, { issuer, clientId, clientKey: { key: CLIENT_KEY, format: 'jwk' } })),
    oneByOne: opened(introspectingVerifier(local, askAlone(service.authority))),
  };
  const parts = { database, askQuote, log };
  const inProcess = router({
    checkInProcess: trust
      .publicRead()
      .input(order)
      .mutation(({ input }) => checkInProcess(input, { ...parts, gates: gatesOf[input.way] })),
  });
  return serve({
    name: 'payments',
    router: sealRouter(router({ ...checked._def.record, ...inProcess._def.record })),
    port,
    host,
    createContext: (incoming) => {
      const way = ways.find((name) => name === incoming.calls[0]) ?? 'batched';
      return { request: openRequest({ ...incoming, gates: gatesOf[way] }), ...parts };
    },
    readiness: async () => ({ keys: keys.usable() }),
    log,
    telemetry,
    onClose: async () => {
      for (const each of Object.values(gatesOf)) each.close();
      revocations.close();
      keys.close();
      await pool.end();
    },
  });
});

/** A request to the authority for each question. */
function askAlone(ask: AskAuthority): AskAboutOne {
  return async (question) => {
    const [answer] = await ask([question], AbortSignal.timeout(1000));
    if (answer === undefined) throw new Error('The authority answered without an answer.');
    return answer;
  };
}

/** Each caller calls again when it is answered. Answers what was done; rejects when anybody was refused. */
async function checkInProcess(
  { way, authorizations, forMs }: Order,
  { gates, ...parts }: Omit<Context, 'request'> & Readonly<{ gates: Gates }>,
) {
  const times: number[] = [];
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + forMs;
  const caller = async (authorization: string): Promise<void> => {
    const headers = { Authorization: [authorization], 'Idempotency-Key': ['measured'] };
    const read = new Map<string, readonly string[]>(Object.entries(headers));
    for (let now = performance.now(); now < endsAtMs;) {
      const request = openRequest({ gates, headers: (name) => read.get(name) ?? [], tiers: ['regulatedAction'] });
      await call({ ...parts, request })[way]();
      const then = now;
      now = performance.now();
      times.push(now - then);
    }
  };
  await Promise.all(authorizations.map(caller));
  const tookMs = performance.now() - startedAtMs;
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return {
    perSecond: (times.length / tookMs) * 1000,
    latency: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
  };
}
