import type { Decision } from '@sallyport/auth';
import type { Exchange } from '../http-exchange.ts';
import type { Log } from '../log.ts';
import { noMeters, type Meters } from './meters.ts';
import { openMetricsListener } from './metrics-listener.ts';
import { openMeters } from './open-meters.ts';
import { watchProcess } from './process-meters.ts';
import { decisionSpan, requestSpan, type FinishedRequest } from './request-span.ts';
import { openTallies } from './tallies.ts';
import { traceReader } from './trace-choice.ts';
import { tracedFetch } from './traced-fetch.ts';
import { noTracing, type Tracing } from './tracing.ts';

/** What a service tells of itself in numbers and traces. `serve` closes it when the last request is done. */
export type Telemetry = Readonly<{
  meters: Meters;
  tracing: Tracing;
  close: () => Promise<void>;
}>;

/** Nothing is counted or recorded, and nothing is paid for it. */
export const noTelemetry: Telemetry = { meters: noMeters, tracing: noTracing, close: async () => {} };

type MetricsSettings = Readonly<{ METRICS_PORT?: number | undefined; METRICS_HOST: string }>;
type TraceSettings = Readonly<{ OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined; TRACE_SHARE: number }>;

type Opened<Part> = Readonly<{ part: Part; close: () => Promise<void> }>;

/**
 * Opens what the settings ask for. OpenTelemetry is loaded only then.
 * @throws SettingsError when the address for metrics cannot be listened on
 */
export async function openTelemetry(
  name: string,
  settings: MetricsSettings & TraceSettings,
  log: Log,
): Promise<Telemetry> {
  const metrics = await openMetrics(name, settings, log);
  const traces = await openTraces(name, settings, log);
  return {
    meters: metrics.part,
    tracing: traces.part,
    close: async () => {
      await Promise.all([metrics.close(), traces.close()]);
    },
  };
}

async function openMetrics(name: string, settings: MetricsSettings, log: Log): Promise<Opened<Meters>> {
  const { METRICS_PORT: port, METRICS_HOST: host } = settings;
  if (port === undefined) return { part: noMeters, close: async () => {} };
  const { openPrometheus } = await import('./prometheus.ts');
  const tallies = openTallies();
  const { meter, answerMetrics } = openPrometheus(name, tallies);
  watchProcess(meter);
  const { url, close } = await openMetricsListener({ host, port, answerMetrics });
  log.info({ url }, 'metrics');
  return { part: openMeters(meter, tallies), close };
}

async function openTraces(service: string, settings: TraceSettings, log: Log): Promise<Opened<Tracing>> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, TRACE_SHARE: share } = settings;
  if (endpoint === undefined) return { part: noTracing, close: async () => {} };
  const { openSpanSender } = await import('./otlp-spans.ts');
  const { record, close } = openSpanSender({ service, endpoint, log });
  const tracing: Tracing = { readTrace: traceReader(share), record, fetch: (inner) => tracedFetch(inner, record) };
  log.info({ share }, 'traces');
  return { part: tracing, close };
}

/** Tells of a request that is over. */
export function tellRequest({ meters, tracing }: Telemetry, exchange: Exchange, finished: FinishedRequest): void {
  meters.requestDone(finished.path, exchange.response.statusCode, finished.tookMs / 1000);
  if (tracing !== noTracing && exchange.trace.sampled) tracing.record(requestSpan(exchange, finished));
}

export function tellDecision({ meters, tracing }: Telemetry, decision: Decision): void {
  meters.decided(decision);
  if (tracing !== noTracing && decision.trace.sampled) tracing.record(decisionSpan(decision));
}
