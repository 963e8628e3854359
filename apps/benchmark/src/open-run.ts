import { startTemporaryPostgres, type PostgresServer } from '@sallyport/infra/postgres';
import pg from 'pg';
import type { Closable, Figure, Open, Run } from './figure.ts';
import { startLoadGenerator, type LoadGenerator } from './load-generator.ts';
import { findPinning } from './pinning.ts';

export type OpenRun = Run &
  Readonly<{
    /** Closes what was shared so far and this figure does not ask for. */
    prepareFor: (figure: Pick<Figure, 'shares'>) => Promise<void>;
    close: () => Promise<void>;
  }>;

/** What the figures of a run share, each thing started when a figure first asks for it. */
export function openRun(options: Pick<Run, 'quick' | 'progress'>): OpenRun {
  const pinning = findPinning();
  const shared = new Map<Open<Closable>, Closable>();
  let load: Promise<LoadGenerator> | undefined;
  let postgres: Promise<PostgresServer> | undefined;
  let databases = 0;

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
    database: async () => {
      const { url } = await (postgres ??= startTemporaryPostgres(pinning.rest));
      databases += 1;
      return newDatabase(url, `benchmark_${databases}`);
    },
  };
  return {
    ...run,
    prepareFor: ({ shares }) => closeOthers(shares),
    close: async () => {
      await closeOthers(undefined);
      await (await load)?.stop();
      await (await postgres)?.stop();
    },
  };
}

async function newDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = name;
  return String(url);
}
