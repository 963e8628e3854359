import { totalmem } from 'node:os';
import { startTemporaryPostgres, type PostgresServer } from '@sallyport/infra/postgres';
import { prepareTemporarySystem } from '@sallyport/infra/temporary-system';
import pg from 'pg';
import type { PreparedDatabase } from './figure.ts';
import type { Pinning } from './pinning.ts';

/** Databases on a server of the run's own, which starts when one is first asked for, beside what is measured. */
export type Databases = Readonly<{
  empty: () => Promise<string>;
  prepared: () => Promise<PreparedDatabase>;
  /** Of the server; `undefined` when nobody asked for a database. */
  version: () => string | undefined;
  close: () => Promise<void>;
}>;

export function openDatabases({ rest, everywhere }: Pinning): Databases {
  let server: Promise<PostgresServer> | undefined;
  let original: Promise<PreparedDatabase> | undefined;
  let count = 0;
  let version: string | undefined;

  const make = async (template = 'template1'): Promise<string> => {
    const { url } = await (server ??= startTemporaryPostgres({
      launcher: rest,
      settings: [sharedBuffers(), ...durable],
    }));
    count += 1;
    const name = `benchmark_${count}`;
    version = await createDatabase(url, { name, template });
    return String(Object.assign(new URL(url), { pathname: name }));
  };

  const prepare = async (): Promise<PreparedDatabase> => {
    const databaseUrl = await make();
    const launchers = { auth: everywhere, catalog: everywhere, payments: everywhere };
    return { databaseUrl, preparedWith: await prepareTemporarySystem(databaseUrl, launchers) };
  };

  return {
    empty: () => make(),
    prepared: async () => {
      const { databaseUrl, preparedWith } = await (original ??= prepare());
      return { databaseUrl: await make(new URL(databaseUrl).pathname.slice(1)), preparedWith };
    },
    version: () => version,
    close: async () => {
      await (await server)?.stop();
    },
  };
}

/** Answers the server's version. */
async function createDatabase(
  serverUrl: string,
  { name, template }: Readonly<{ name: string; template: string }>,
): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return rows[0]?.server_version ?? '';
}

/** As in production: what is committed is on the disk. */
const durable = ['fsync=on', 'full_page_writes=on'] as const;

/** As its manual advises, a quarter of the memory, though no more than any figure has rows for: its default holds a quarter of a million sessions. */
function sharedBuffers(): string {
  const quarterMib = Math.floor(totalmem() / 4 / 2 ** 20);
  return `shared_buffers=${Math.min(2048, quarterMib)}MB`;
}
