import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { openLogBook, type LogBook } from './log-book.ts';
import { makeSystemSecrets, type SystemSecrets } from './system-secrets.ts';
import { startSystem, type System, type SystemOptions } from './system.ts';

/** What a system of a test's own may be told. Ports: free ones, unless named. */
export type TemporarySystemOptions = Partial<Pick<SystemOptions, 'extraSettings' | 'otherClients' | 'ports'>>;

export type TemporarySystem = System & Readonly<{ log: LogBook; secrets: SystemSecrets }>;

/** A system with secrets of its own on free ports, that remembers all it logs. */
export async function startTemporarySystem(
  databaseUrl: string,
  options: TemporarySystemOptions = {},
): Promise<TemporarySystem> {
  const [auth = 0, catalog = 0, payments = 0] = await freePorts(3);
  const log = openLogBook();
  const secrets = await makeSystemSecrets();
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-clients-'));
  const system = await startSystem({
    databaseUrl,
    ports: { auth, catalog, payments },
    secrets,
    clientsFile: join(folder, 'clients.json'),
    logLevel: 'debug',
    // A suite is many people behind one address.
    throttleFactor: 1000,
    onLine: log.write,
    ...options,
  });
  // Only the preparation reads it.
  await rm(folder, { recursive: true });
  return { ...system, log, secrets };
}
