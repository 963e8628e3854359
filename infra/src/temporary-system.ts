import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCertificates, type Certificates } from './certificates.ts';
import { freePorts } from './free-ports.ts';
import { openLogBook, type LogBook } from './log-book.ts';
import type { ServiceName } from './service-process.ts';
import { makeSystemSecrets, type SystemSecrets } from './system-secrets.ts';
import { prepareSystem, startSystem, type System, type SystemOptions } from './system.ts';

/** What a system of a test's own may be told. Ports: free ones, unless named. */
export type TemporarySystemOptions = Partial<
  Pick<SystemOptions, 'extraSettings' | 'otherClients' | 'ports' | 'services' | 'launchers' | 'programs' | 'logLevel'>
> &
  Readonly<{
    /** With which `prepareTemporarySystem` has prepared the database, or one that this is a copy of. Default: new ones, and it is prepared now. */
    preparedWith?: SystemSecrets;
    /** Services show each other these certificates. */
    certificates?: Certificates;
    /** False: what the services log is taken from them and not looked at, so that it costs nobody anything. Default true. */
    isLogKept?: boolean;
  }>;

export type TemporarySystem = System &
  Readonly<{
    log: LogBook;
    secrets: SystemSecrets;
    /** Where services find each other, when they show certificates. */
    mutualTlsUrls: Readonly<Record<ServiceName, string>>;
  }>;

/** Prepares a database for all services, once for many systems: each can start on a copy of it, with these secrets. */
export async function prepareTemporarySystem(
  databaseUrl: string,
  launchers: NonNullable<SystemOptions['launchers']>,
): Promise<SystemSecrets> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-clients-'));
  const secrets = await makeSystemSecrets();
  await prepareSystem({ databaseUrl, secrets, clientsFile: join(folder, 'clients.json'), launchers });
  await rm(folder, { recursive: true });
  return secrets;
}

/** A system with secrets of its own on free ports, that remembers all it logs. */
export async function startTemporarySystem(
  databaseUrl: string,
  { certificates, preparedWith, isLogKept = true, ...options }: TemporarySystemOptions = {},
): Promise<TemporarySystem> {
  const [auth = 0, catalog = 0, payments = 0, ...tls] = await freePorts(6);
  const log = openLogBook();
  const secrets = preparedWith ?? (await makeSystemSecrets());
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-clients-'));
  const tlsPorts = { auth: tls[0] ?? 0, catalog: tls[1] ?? 0, payments: tls[2] ?? 0 };
  if (certificates !== undefined) await writeCertificates(folder, certificates);
  const system = await startSystem({
    databaseUrl,
    isPrepared: preparedWith !== undefined,
    ports: { auth, catalog, payments },
    secrets,
    clientsFile: join(folder, 'clients.json'),
    logLevel: 'debug',
    // A suite is many people behind one address.
    throttleFactor: 1000,
    ...(isLogKept && { onLine: log.write }),
    mutualTls: certificates && { folder, ports: tlsPorts },
    ...options,
  });
  const mutualTlsUrls = {
    auth: `https://127.0.0.1:${tlsPorts.auth}`,
    catalog: `https://127.0.0.1:${tlsPorts.catalog}`,
    payments: `https://127.0.0.1:${tlsPorts.payments}`,
  };
  const close = async () => {
    await system.close();
    // Read at each start of a service.
    await rm(folder, { recursive: true });
  };
  return { ...system, log, secrets, mutualTlsUrls, close };
}
