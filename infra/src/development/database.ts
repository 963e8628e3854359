import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts, isFree } from '../free-ports.ts';
import { checkServer } from '../postgres/check-server.ts';
import { endEarlierServer } from '../postgres/earlier-server.ts';
import { canReach, postgresOwner } from '../postgres/owner.ts';
import { type PostgresServer, startPostgres } from '../postgres/server.ts';

export type DevelopmentDatabase = PostgresServer & Readonly<{ address: string; description: string }>;

/** Out of the way of a PostgreSQL that the machine may run already. */
const usualPort = 54_320;

/** The operator's own server when DATABASE_URL names one, else the embedded one with its data in `folder`. */
export async function openDatabase(
  databaseUrl: string | undefined,
  folder: string,
  password: string,
): Promise<DevelopmentDatabase> {
  if (databaseUrl !== undefined) {
    await checkServer(databaseUrl);
    const { host, pathname } = new URL(databaseUrl);
    return {
      url: databaseUrl,
      address: `${host}${pathname}`,
      description: 'your own (DATABASE_URL)',
      ended: new Promise(() => {}),
      stop: async () => {},
    };
  }
  const data = await dataFolder(folder);
  await endEarlierServer(data);
  const [port = usualPort] = (await isFree(usualPort)) ? [usualPort] : await freePorts(1);
  const server = await startPostgres({ folder: data, port, password });
  const elsewhere = data.startsWith(folder) ? '' : `; data in ${data}`;
  return {
    ...server,
    address: `localhost:${port}/postgres`,
    description: `user postgres, password in .sallyport/development.json${elsewhere}`,
  };
}

/**
 * `.sallyport/postgres`. When we are root, PostgreSQL runs as somebody else, who may not be let into the repository's folder:
 * then one below /var/tmp, which is kept as well. Which one stands in a file.
 */
async function dataFolder(folder: string): Promise<string> {
  const usual = join(folder, 'postgres');
  const owner = await postgresOwner(usual);
  if (owner === undefined || canReach(owner, folder)) return usual;
  const pointer = join(folder, 'postgres-folder');
  const known = await readFile(pointer, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const made = await mkdtemp('/var/tmp/sallyport-postgres-');
  await writeFile(pointer, made);
  return made;
}
