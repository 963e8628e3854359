import type { ServerResponse } from 'node:http';
import type { Meter } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

type Prometheus = Readonly<{ meter: Meter; answerMetrics: (response: ServerResponse) => void }>;

/** OpenTelemetry's instruments, read as Prometheus' text. At most 2000 label sets for each: the SDK's own limit. */
export function openPrometheus(service: string): Prometheus {
  // It could listen by itself; then nobody would say in one line which setting to change.
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const resource = resourceFromAttributes({ 'service.name': service });
  const provider = new MeterProvider({ readers: [exporter], resource });
  return {
    meter: provider.getMeter('sallyport'),
    answerMetrics: (response) => exporter.getMetricsRequestHandler(response.req, response),
  };
}
