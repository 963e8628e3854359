import { localVerifier, openGates, openRequest } from '@sallyport/auth';
import { sealRouter } from '@sallyport/auth/trpc';
import { decisionLog, demotionLog, readEnvironment, serve, startService } from '@sallyport/service';
import { paymentsSettings } from '../environment.ts';
import { openPaymentsParts } from '../payments-parts.ts';
import { router, trust } from '../trpc.ts';

// Payments with a handler that does nothing behind each tier, so that the benchmark sees what a decision costs and nothing else.

const reading = { scope: 'payments:read' };
const writing = { scope: 'payments:write' };
const done = () => ({ done: true });

const tiers = router({
  publicRead: trust.publicRead().query(done),
  authenticatedRead: trust.authenticatedRead(reading).query(done),
  /** Its gates remember no token: each is one that was never seen. */
  neverSeen: trust.authenticatedRead(reading).query(done),
  standardWrite: trust.standardWrite(writing).mutation(done),
  privilegedWrite: trust.privilegedWrite(writing).mutation(done),
  regulatedAction: trust.regulatedAction({ ...writing, mfaWithinSeconds: 300 }).mutation(done),
});

await startService('payments', async () => {
  const { ISSUER: issuer } = readEnvironment(paymentsSettings);
  const { port, host, keys, revocations, gates, database, pool, askQuote, log, telemetry } = await openPaymentsParts();
  const forgetful = openGates({
    issuers: [{ issuer, local: localVerifier({ issuer, audience: 'payments', keys }), revocations }],
    restrictions: revocations.restrictions,
    onDecision: decisionLog(log, telemetry),
    onDemotion: demotionLog(log, telemetry),
  });
  return serve({
    name: 'payments',
    router: sealRouter(tiers),
    port,
    host,
    createContext: (incoming) => ({
      request: openRequest({ ...incoming, gates: incoming.calls[0] === 'neverSeen' ? forgetful : gates }),
      database,
      askQuote,
      log,
    }),
    readiness: async () => ({ keys: keys.usable() }),
    log,
    ...(telemetry && { telemetry }),
    onClose: async () => {
      forgetful.close();
      gates.close();
      revocations.close();
      keys.close();
      await pool.end();
    },
  });
});
