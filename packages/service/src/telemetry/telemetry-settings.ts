import { z } from 'zod';

/** What every service may be told about metrics and traces. Without any of it there are neither, and no request pays for them. */
export const telemetrySettings = {
  METRICS_PORT: z
    .string()
    .regex(/^[0-9]{1,5}$/)
    .transform(Number)
    .pipe(z.int().max(65_535))
    .optional()
    .describe('a free port that answers /metrics, 0 to 65535; or to nothing'),
  METRICS_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('the address to listen on for whoever reads /metrics; nobody else should reach it'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('where an OpenTelemetry collector takes traces by HTTP, such as http://localhost:4318; or to nothing'),
  TRACE_SHARE: z
    .string()
    .regex(/^(?:0(?:\.[0-9]{1,6})?|1)$/)
    .transform(Number)
    .default(0.01)
    .describe('the share of traces to record of those that begin here, 0 to 1, such as 0.01'),
};
