import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearing } from '../device.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import { newPerson, someAgreement } from '../testing/person.ts';
import { refusal } from '../testing/refused.ts';
import { startTestSystem } from '../testing/system.ts';

let system: TemporarySystem;

beforeAll(async () => {
  system = await startTestSystem();
});

afterAll(() => system.close());

const unavailable = { status: 503, reason: 'temporarily_unavailable' };

/** The design says 1 s at the service; the rest is the way there and back on a busy machine. */
const withinMs = 1500;

/** One person's calls, with access tokens only: no client refreshes anything behind the test's back. */
async function openCalls() {
  const { device } = await newPerson(system.urls);
  const tokens = await device.tokens();
  const agreement = await someAgreement(device);
  const catalog = device.raw('catalog', bearing(tokens, 'catalog'));
  const pay = (key: string) =>
    device.raw('payments', { ...bearing(tokens, 'payments'), 'idempotency-key': key }).pay.mutate(agreement);
  return { device, tokens, pay, read: () => catalog.products.mine.query({}) };
}

async function timed<Result>(call: () => Promise<Result>): Promise<{ result: Result; ms: number }> {
  const startedAtMs = performance.now();
  return { result: await call(), ms: performance.now() - startedAtMs };
}

/** Reads until catalog says that it serves on what it knew; every read until then must be served. */
async function readUntilDegraded({ device, read }: Awaited<ReturnType<typeof openCalls>>): Promise<void> {
  const untilMs = performance.now() + 15_000;
  while (performance.now() < untilMs) {
    await read();
    const decisions = await system.log.decisions(device.lastAnswer().traceId, 'catalog');
    if (decisions.some(({ evidence }) => evidence === 'degraded')) return;
  }
  throw new Error('catalog never noticed that the feed is silent.');
}

test('the authority is killed: no payment, reads go on; it is back: all goes on, and nobody was signed out', async () => {
  const calls = await openCalls();
  await system.kill('auth');

  const first = await timed(() => refusal(calls.pay('while-down')));
  expect(first.result).toEqual(unavailable);
  expect(first.ms).toBeLessThan(withinMs);
  await readUntilDegraded(calls);
  expect(await refusal(calls.pay('while-down'))).toEqual(unavailable);

  await system.start('auth');
  // The same key: nothing was stored for a 503.
  await expect.poll(() => refusal(calls.pay('while-down')), { timeout: 10_000 }).toMatchObject({ answered: {} });
  await calls.read();
  const { refreshToken } = calls.tokens;
  expect(await calls.device.raw('auth').refresh.mutate({ refreshToken })).toMatchObject({
    session: calls.tokens.session,
  });
});

test('the authority hangs: each payment gets its 503 within a second, however many wait; it wakes: they go on', async () => {
  const calls = await openCalls();
  system.freeze('auth');
  try {
    const payments = await Promise.all(
      Array.from({ length: 10 }, (_, index) => timed(() => refusal(calls.pay(`hanging-${index}`)))),
    );
    for (const { result, ms } of payments) {
      expect(result).toEqual(unavailable);
      expect(ms).toBeLessThan(withinMs);
    }
    await calls.read();
  } finally {
    system.thaw('auth');
  }
  await expect.poll(() => refusal(calls.pay('awake')), { timeout: 10_000 }).toMatchObject({ answered: {} });
});

test('a refresh token that was spent before the authority was killed ends its family after it is back (RRT-02)', async () => {
  const { device } = await newPerson(system.urls);
  const auth = device.raw('auth');
  const { refreshToken: first } = await device.tokens();
  const { refreshToken: second } = await auth.refresh.mutate({ refreshToken: first });
  const { refreshToken: third } = await auth.refresh.mutate({ refreshToken: second });
  await system.kill('auth');
  await system.start('auth');
  const refused = { status: 401, reason: 'invalid_token' };
  expect(await refusal(auth.refresh.mutate({ refreshToken: first }))).toEqual(refused);
  expect(await refusal(auth.refresh.mutate({ refreshToken: third }))).toEqual(refused);
});

test('catalog is gone: a payment is not made, and says so', async () => {
  const calls = await openCalls();
  await system.kill('catalog');
  expect(await refusal(calls.pay('no-catalog'))).toMatchObject({ status: 503 });
  await system.start('catalog');
  await expect.poll(() => refusal(calls.pay('no-catalog')), { timeout: 10_000 }).toMatchObject({ answered: {} });
});
