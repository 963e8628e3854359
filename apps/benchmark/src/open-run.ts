import { startTemporaryPostgres, type PostgresServer } from '@sallyport/infra/postgres';
import pg from 'pg';
import type { Run } from './figure.ts';
import { startLoadGenerator, type LoadGenerator } from './load-generator.ts';
import { findPinning } from './pinning.ts';

export type OpenRun = Run & Readonly<{ close: () => Promise<void> }>;

/** What all figures of a run share, each started when a figure first asks for it. */
export function openRun(options: Pick<Run, 'quick' | 'progress'>): OpenRun {
  const pinning = findPinning();
  let load: Promise<LoadGenerator> | undefined;
  let postgres: Promise<PostgresServer> | undefined;
  let databases = 0;
  return {
    ...options,
    pinning,
    load: () => (load ??= startLoadGenerator(pinning)),
    database: async () => {
      const { url } = await (postgres ??= startTemporaryPostgres(pinning.rest));
      databases += 1;
      return newDatabase(url, `benchmark_${databases}`);
    },
    close: async () => {
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
