import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSallyportClient } from './index.ts';
import { inProcess, openPeer, type PeerRouters } from './testing-peer.ts';

const action = fc.constantFrom('read', 'pay', 'tokens end', 'reads that were late');

/** Calls that run at once, over services that answer in an order fast-check chooses. */
async function run(scheduler: fc.Scheduler, actions: readonly string[]) {
  const opened = openPeer();
  const { urls, fetch: answer } = inProcess(opened);
  const client = createSallyportClient<PeerRouters>({
    urls,
    // Both ways are scheduled: a request may arrive late, and so may its answer.
    fetch: async (input, init) => {
      await scheduler.schedule(Promise.resolve(), 'request');
      const response = await answer(input, init);
      await scheduler.schedule(Promise.resolve(), 'answer');
      return response;
    },
    onStepUp: () => scheduler.schedule(Promise.resolve('123456'), 'prompt'),
  });
  await scheduler.waitFor(client.signIn({ email: 'ada', password: 'right' }));
  const calls = actions.map(async (name, index): Promise<unknown> => {
    if (name === 'pay') return client.payments.pay.mutate({ amount: String(index) });
    if (name === 'read') return client.auth.whoAmI.query();
    await scheduler.schedule(Promise.resolve(), name);
    if (name === 'tokens end') return opened.peer.sessions.endAccessTokens();
    return client.auth.whoAmI.query();
  });
  const outcomes = await scheduler.waitFor(Promise.allSettled(calls));
  return { log: opened.peer.sessions.log, payments: opened.peer.payments, outcomes, session: await client.session() };
}

test('refresh and step-up never overlap, and no spent refresh token is presented', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(action, { minLength: 2, maxLength: 12 }), async (scheduler, actions) => {
      const { log, payments, session } = await run(scheduler, actions);
      expect(log).toMatchObject({ reuses: 0, overlaps: 0 });
      expect(session).toMatchObject({ subject: 'ada' });
      expect(log.stepUps).toBeLessThanOrEqual(1);
      const keys = payments.map((payment) => payment.key);
      // Each payment happened at most once for its key, and every key belongs to one body.
      const paid = payments.filter((payment) => payment.paid).map((payment) => payment.key);
      expect(new Set(paid).size).toBe(paid.length);
      expect(new Set(payments.map((payment) => JSON.stringify([payment.key, payment.input]))).size).toBe(
        new Set(keys).size,
      );
    }),
    { numRuns: 200 },
  );
});

test('while tokens hold, every interleaving of payments and reads succeeds', async () => {
  const lasting = fc.constantFrom('read', 'pay');
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(lasting, { minLength: 2, maxLength: 10 }), async (scheduler, actions) => {
      const { outcomes } = await run(scheduler, actions);
      expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
