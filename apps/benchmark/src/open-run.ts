import { totalmem } from 'node:os';
import { startTemporaryPostgres, type PostgresServer } from '@sallyport/infra/postgres';
import pg from 'pg';
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
  let postgres: Promise<PostgresServer> | undefined;
  let databases = 0;
  let version: string | undefined;

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
    database: async () => {
      const { url } = await (postgres ??= startTemporaryPostgres({
        launcher: pinning.rest,
        settings: [sharedBuffers(), ...durable],
      }));
      databases += 1;
      const database = await newDatabase(url, `benchmark_${databases}`);
      ({ version } = database);
      return database.url;
    },
  };
  return {
    ...run,
    postgresVersion: () => version,
    prepareFor: ({ shares }) => closeOthers(shares),
    close: async () => {
      await closeOthers(undefined);
      await (await load)?.stop();
      await (await collector)?.stop();
      await (await postgres)?.stop();
    },
  };
}

async function newDatabase(serverUrl: string, name: string): Promise<Readonly<{ url: string; version: string }>> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = name;
  return { url: String(url), version: rows[0]?.server_version ?? '' };
}

/** As in production: what is committed is on the disk. */
const durable = ['fsync=on', 'full_page_writes=on'] as const;

/** As its manual advises, a quarter of the memory, though no more than any figure has rows for: its default holds a quarter of a million sessions. */
function sharedBuffers(): string {
  const quarterMib = Math.floor(totalmem() / 4 / 2 ** 20);
  return `shared_buffers=${Math.min(2048, quarterMib)}MB`;
}
