import { createServer } from 'node:http';
import type { Decision } from '@sallyport/auth';
import { createLog, decisionLog, noTelemetry, openTelemetry, type Telemetry } from '@sallyport/service';
import { listenLocally } from '../listen-locally.ts';

// What metrics and traces cost a request behind a gate, in nanoseconds: `npx pnpm exec node apps/benchmark/src/programs/telemetry-costs.ts`.

const rounds = 9;
const calls = 200_000;

const collector = createServer((request, response) => void request.resume().on('end', () => response.end('{}')));
const collectorUrl = await listenLocally(collector);

const log = createLog('costs', 'silent');
const settings = { METRICS_PORT: 0, METRICS_HOST: '127.0.0.1', TRACE_SHARE: 0.01 };
const metered = await openTelemetry('costs', settings, log);
const traced = await openTelemetry('costs', { ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl }, log);

const trace = { ...traced.tracing.readTrace([]), sampled: false };
const decision: Decision = {
  path: 'products.get',
  tier: 'authenticatedRead',
  outcome: 'admitted',
  evidence: 'local',
  cached: true,
  trace,
  tookMs: 0.012,
};

const requestOf = (telemetry: Telemetry) => () => telemetry.meters.requestDone('/trpc/products.get', 200, 0.000_1);
const decisionOf = (telemetry: Telemetry, sampled: boolean) => {
  const tell = decisionLog(log, telemetry);
  const told = { ...decision, trace: { ...trace, sampled } };
  return () => tell(told);
};
const carried = ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'];

/** Each with how often a request behind a gate does it. */
const parts: Readonly<Record<string, () => unknown>> = {
  'off: a request is over': requestOf(noTelemetry),
  'off: a decision': decisionOf(noTelemetry, false),
  'off: a trace begins': () => noTelemetry.tracing.readTrace([]),
  'off: a trace goes on': () => noTelemetry.tracing.readTrace(carried),
  'metrics: a request is over': requestOf(metered),
  'metrics: a decision': decisionOf(metered, false),
  'traces: one begins': () => traced.tracing.readTrace([]),
  'traces: one goes on, not chosen': () => traced.tracing.readTrace(carried),
  'traces and metrics: a decision, not chosen': decisionOf(traced, false),
  'traces and metrics: a decision that is recorded': decisionOf(traced, true),
};

const times = new Map(Object.keys(parts).map((name) => [name, new Array<number>()]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, part] of Object.entries(parts)) {
    const startedAtMs = performance.now();
    for (let call = 0; call < calls; call += 1) part();
    // The first round warms up.
    if (round > 0) times.get(name)?.push(((performance.now() - startedAtMs) / calls) * 1e6);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
for (const [name, all] of times) {
  const median = all.toSorted((one, other) => one - other)[Math.floor(rounds / 2)] ?? NaN;
  console.log(`${name.padEnd(50)} ${median.toFixed(0).padStart(6)} ns`);
}
await Promise.all([metered.close(), traced.close()]);
collector.close();
