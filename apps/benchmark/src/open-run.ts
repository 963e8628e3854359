import { openDatabases } from './databases.ts';
import type { Closable, Figure, Open, Run } from './figure.ts';
import { startLoadGenerator, type LoadGenerator } from './load-generator.ts';
import { startMeasured, type MeasuredProcess } from './measured-process.ts';
import { findPinning } from './pinning.ts';

export type OpenRun = Run &
  Readonly<{
    /** Closes what was shared so far and this figure does not ask for. */
    prepareFor: (figure: Pick<Figure, 'shares'>) => Promise<void>;
    /** Of the PostgreSQL that gave databases; `undefined` when nobody asked for one. */
    postgresVersion: () => string | undefined;
    close: () => Promise<void>;
  }>;

/** What the figures of a run share, each thing started when a figure first asks for it. */
export function openRun(options: Pick<Run, 'quick' | 'progress'>): OpenRun {
  const pinning = findPinning();
  const shared = new Map<Open<Closable>, Closable>();
  let load: Promise<LoadGenerator> | undefined;
  let collector: Promise<MeasuredProcess> | undefined;
  const databases = openDatabases(pinning);

  const closeOthers = async (kept: Open<Closable> | undefined): Promise<void> => {
    for (const [open, opened] of shared) {
      if (open === kept) continue;
      shared.delete(open);
      await opened.close();
    }
  };
  const run: Run = {
    ...options,
    pinning,
    load: () => (load ??= startLoadGenerator(pinning)),
    shared: async <Value extends Closable>(open: Open<Value>): Promise<Value> => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what this very function opened
      const opened = (shared.get(open) as Value | undefined) ?? (await open(run));
      shared.set(open, opened);
      return opened;
    },
    telemetry: async () => {
      const { url } = await (collector ??= startMeasured({ program: 'collector.ts', launcher: pinning.rest }));
      const settings = { METRICS_PORT: '0', OTEL_EXPORTER_OTLP_ENDPOINT: url };
      return { auth: settings, catalog: settings, payments: settings };
    },
    database: databases.empty,
    preparedDatabase: databases.prepared,
  };
  return {
    ...run,
    postgresVersion: databases.version,
    prepareFor: ({ shares }) => closeOthers(shares),
    close: async () => {
      await closeOthers(undefined);
      await (await load)?.stop();
      await (await collector)?.stop();
      await databases.close();
    },
  };
}
