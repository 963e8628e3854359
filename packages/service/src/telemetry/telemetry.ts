import type { Log } from '../log.ts';
import { noMeters, type Meters } from './meters.ts';
import { openMetricsListener } from './metrics-listener.ts';
import { openMeters } from './open-meters.ts';
import { watchProcess } from './process-meters.ts';

/** What a service tells of itself in numbers. `serve` closes it when the last request is done. */
export type Telemetry = Readonly<{
  meters: Meters;
  close: () => Promise<void>;
}>;

/** Nothing is counted, and nothing is paid for it. */
export const noTelemetry: Telemetry = { meters: noMeters, close: async () => {} };

type TelemetrySettings = Readonly<{ METRICS_PORT?: number | undefined; METRICS_HOST: string }>;

/**
 * Opens what the settings ask for. OpenTelemetry is loaded only then.
 * @throws SettingsError when the address for metrics cannot be listened on
 */
export async function openTelemetry(name: string, settings: TelemetrySettings, log: Log): Promise<Telemetry> {
  const { METRICS_PORT: port, METRICS_HOST: host } = settings;
  if (port === undefined) return noTelemetry;
  const { meter, answerMetrics } = await import('./prometheus.ts').then(({ openPrometheus }) => openPrometheus(name));
  watchProcess(meter);
  const { url, close } = await openMetricsListener({ host, port, answerMetrics });
  log.info({ url }, 'metrics');
  return { meters: openMeters(meter), close };
}
