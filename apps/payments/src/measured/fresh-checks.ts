import { performance } from 'node:perf_hooks';
import { cachingVerifier, localVerifier, openGates, openRequest, type GateOptions, type Gates } from '@sallyport/auth';
import { sealRouter } from '@sallyport/auth/trpc';
import { decisionLog, demotionLog, readEnvironment, serve, startService } from '@sallyport/service';
import { z } from 'zod';
import { paymentsSettings } from '../environment.ts';
import { openPaymentsParts } from '../payments-parts.ts';
import { router, trust, type Context } from '../trpc.ts';
import { fetchingVerifier } from './fetching-verifier.ts';

// Payments with a handler that does nothing, so that the benchmark sees what a fresh check costs and nothing else: once as payments
// makes them, and once as RFC 7662 is used without thinking of batches.

const moving = { scope: 'payments:write', mfaWithinSeconds: 300 };

/** Both are one procedure at two addresses: `gatesOf` tells which gate stands before it. */
const checked = router({
  batched: trust.regulatedAction(moving).mutation(() => ({ done: true })),
  fetched: trust.regulatedAction(moving).mutation(() => ({ done: true })),
});

const call = checked.createCaller;

const order = z.strictObject({
  way: z.enum(['batched', 'fetched']),
  /** One for each caller, each of a session of its own: nobody shares somebody else's question. */
  tokens: z.array(z.string()).min(1).max(64),
  forMs: z.int().min(1).max(10_000),
});

type Order = z.output<typeof order>;

await startService('payments', async () => {
  const { ISSUER, CLIENT_ID: clientId, CLIENT_KEY } = readEnvironment(paymentsSettings);
  const { port, host, keys, revocations, gates, database, pool, askQuote, log, telemetry } = await openPaymentsParts();
  const issuer = ISSUER.replace(/\/$/, '');
  const local = cachingVerifier(localVerifier({ issuer: ISSUER, audience: 'payments', keys }), { epoch: keys.epoch });
  const fresh = fetchingVerifier(local, { issuer, clientId, clientKey: { key: CLIENT_KEY, format: 'jwk' } });
  const issuers: GateOptions['issuers'] = [{ issuer: ISSUER, local, fresh, revocations }];
  const fetching = openGates({
    issuers,
    restrictions: revocations.restrictions,
    onDecision: decisionLog(log, telemetry?.meters),
    onDemotion: demotionLog(log, telemetry?.meters),
  });
  const gatesOf = { batched: gates, fetched: fetching };
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
      const chosen = incoming.calls[0] === 'fetched' ? fetching : gates;
      return { request: openRequest({ gates: chosen, ...incoming }), ...parts };
    },
    readiness: async () => ({ keys: keys.usable() }),
    log,
    telemetry,
    onClose: async () => {
      gates.close();
      fetching.close();
      revocations.close();
      keys.close();
      await pool.end();
    },
  });
});

/** Each caller calls again when it is answered. Answers what was done; rejects when anybody was refused. */
async function checkInProcess(
  { way, tokens, forMs }: Order,
  { gates, ...parts }: Omit<Context, 'request'> & Readonly<{ gates: Gates }>,
) {
  const times: number[] = [];
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + forMs;
  const caller = async (token: string): Promise<void> => {
    const headers = { Authorization: [`Bearer ${token}`], 'Idempotency-Key': ['measured'] };
    const read = new Map<string, readonly string[]>(Object.entries(headers));
    for (let now = performance.now(); now < endsAtMs;) {
      const request = openRequest({ gates, headers: (name) => read.get(name) ?? [], tiers: ['regulatedAction'] });
      await call({ ...parts, request })[way]();
      const then = now;
      now = performance.now();
      times.push(now - then);
    }
  };
  const usedBefore = process.cpuUsage();
  await Promise.all(tokens.map(caller));
  const tookMs = performance.now() - startedAtMs;
  const { user, system } = process.cpuUsage(usedBefore);
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return {
    perSecond: (times.length / tookMs) * 1000,
    latency: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
    coreShare: (user + system) / 1000 / tookMs,
  };
}
