import type { ServerResponse } from 'node:http';
import type { Meter } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { Tallies } from './tallies.ts';
import { tallyProducer } from './tally-producer.ts';

type Prometheus = Readonly<{ meter: Meter; answerMetrics: (response: ServerResponse) => void }>;

/** OpenTelemetry's instruments, and `tallies` beside them, read as Prometheus' text. */
export function openPrometheus(service: string, tallies: Tallies): Prometheus {
  // It could listen by itself; then nobody would say in one line which setting to change.
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    metricProducers: [tallyProducer(tallies.series)],
  });
  const resource = resourceFromAttributes({ 'service.name': service });
  const provider = new MeterProvider({ readers: [exporter], resource });
  return {
    meter: provider.getMeter('sallyport'),
    answerMetrics: (response) => exporter.getMetricsRequestHandler(response.req, response),
  };
}
