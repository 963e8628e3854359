import { openSpanReceiver } from '@sallyport/service/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { runStep, type StepReport } from '../demo/step.ts';
import { tellStory } from '../demo/story.ts';
import { startTestSystem, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
let collector: Awaited<ReturnType<typeof openSpanReceiver>>;

beforeAll(async () => {
  collector = await openSpanReceiver();
  const telemetry = { METRICS_PORT: '0', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TRACE_SHARE: '1' };
  system = await startTestSystem({ extraSettings: { auth: telemetry, catalog: telemetry, payments: telemetry } });
});

afterAll(async () => {
  await system.close();
  await collector.close();
});

test('the story of the demo goes as it must, each step behind its gate', async () => {
  const reports: StepReport[] = [];
  await tellStory(system, async (step, work) => {
    reports.push(await runStep(step, work, system.log));
  });
  expect(reports.map(({ step, gate }) => [step, gate])).toEqual([
    ['sign up', 'no gate'],
    ['sign in', 'no gate'],
    ['browse the catalog', 'local gate (local)'],
    ['look at what I sell', 'local gate (local)'],
    ['try to pay', 'fresh gate'],
    ['enrol a second factor', 'fresh gate (fresh)'],
    ['step up with a TOTP code, top up', 'fresh gate (fresh+mfa)'],
    ['pay', 'fresh gate (fresh+mfa)'],
    ['sign out elsewhere: a laptop ends this session', 'fresh gate (fresh)'],
    ['the very next payment', 'fresh gate'],
    ['catalog, with the same session', 'local gate'],
    ['replay an old refresh token', 'no gate'],
  ]);
});

const metricsLine = z.object({ service: z.string(), msg: z.literal('metrics'), url: z.url() });

/** What each service answers at `/metrics`. Each has said in its log where that is. */
async function metricsOf({ log }: TestSystem): Promise<Readonly<Record<string, string>>> {
  const told = log.lines.flatMap(({ text }) =>
    text.includes('"metrics"') ? [metricsLine.parse(JSON.parse(text))] : [],
  );
  const read = told.map(async ({ service, url }) => [service, await (await fetch(url)).text()] as const);
  return Object.fromEntries(await Promise.all(read));
}

test('then the payment is one trace through payments and catalog, which asks for no token on the way, and neither traces nor metrics hold a secret', async () => {
  const payment = () => {
    const quoted = collector.spans.find(
      ({ service, name }) => service === 'catalog' && name === 'GET /trpc/products.quote',
    );
    const spans = collector.spans.filter(({ traceId }) => traceId === quoted?.traceId);
    return spans.map(({ service, name }) => `${service} ${name}`).toSorted();
  };
  await expect
    .poll(payment, { timeout: 10_000 })
    .toEqual([
      'catalog GET /trpc/products.quote',
      'catalog gate authenticatedRead',
      'payments GET /trpc/products.quote',
      'payments POST /trpc/pay',
      'payments gate regulatedAction',
    ]);
  const metrics = await metricsOf(system);
  expect(metrics['payments']).toMatch(/sallyport_decision_seconds_count\{stage="second factor"\} [1-9]/);
  expect(metrics['payments']).toMatch(/sallyport_introspection_batch_size_count\{outcome="answered"\} [1-9]/);
  expect(metrics['catalog']).toContain('sallyport_requests_total{path="/trpc/products.mine",status="200"} 1');
  expect(metrics['auth']).toMatch(/sallyport_feed_silence_seconds \d/);
  const told = { metrics: JSON.stringify(metrics), traces: collector.bodies.join('\n') };
  expect(system.watch.findings(Object.entries(told).map(([name, text]) => ({ name, text })))).toEqual([]);
});
