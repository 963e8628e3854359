import { join } from 'node:path';
import { writeClientsFile } from './clients-file.ts';
import type { ServiceLine } from './service-line.ts';
import {
  prepareService,
  type ServiceName,
  serviceNames,
  type ServiceProcess,
  startService,
} from './service-process.ts';
import type { SystemSecrets } from './system-secrets.ts';

export type SystemOptions = Readonly<{
  /** An empty or an earlier database. The login may create schemas and roles. */
  databaseUrl: string;
  /** By `prepareSystem`, or a copy of one that was. Default: it is prepared now. */
  isPrepared?: boolean;
  ports: Readonly<Record<ServiceName, number>>;
  /** What the services call each other, and what stands in tokens as the issuer. Default 127.0.0.1. */
  hostname?: string;
  secrets: SystemSecrets;
  /** Where the authority's clients are written to, for it to register. */
  clientsFile: string;
  /** Registrations beside the house's own. */
  otherClients?: readonly unknown[];
  logLevel?: string;
  /** `ALLOWED_ORIGINS` of all services. Default: none. */
  allowedOrigins?: string;
  /** Multiplies how often anybody may ask the authority. Default 1. */
  throttleFactor?: number;
  /** A folder that the authority writes its mails to. Default: it sends none. */
  mailOutbox?: string;
  /** Further settings of a service, such as TRUSTED_ISSUERS. */
  extraSettings?: Partial<Readonly<Record<ServiceName, Readonly<Record<string, string>>>>>;
  /** Services show each other certificates, which are in `folder`, at ports of their own (RFC 8705). Default: they do not. */
  mutualTls?: Readonly<{ folder: string; ports: Readonly<Record<ServiceName, number>> }> | undefined;
  /** Those that are needed; the others are neither prepared nor started. Default: all. */
  services?: readonly ServiceName[];
  /** What starts the Node of a service, such as `taskset -c 0`. Default: nothing. */
  launchers?: Partial<Readonly<Record<ServiceName, readonly string[]>>>;
  /** What runs instead of a service's `src/main.ts`, in its folder. */
  programs?: Partial<Readonly<Record<ServiceName, string>>>;
  /** Every line that a service writes. */
  onLine?: (line: ServiceLine) => void;
  /** A service has ended that nobody asked to. It may be started again. */
  onEnded?: (name: ServiceName, exitCode: number) => void;
}>;

type PreparationOptions = Pick<
  SystemOptions,
  'databaseUrl' | 'secrets' | 'clientsFile' | 'otherClients' | 'mutualTls' | 'services' | 'launchers' | 'onLine'
>;

export type System = Readonly<{
  urls: Readonly<Record<ServiceName, string>>;
  /** Stops one service, with time to finish what is under way. */
  stop: (name: ServiceName) => Promise<void>;
  /** Ends one service as a crash would. */
  kill: (name: ServiceName) => Promise<void>;
  /** Lets one service hang: it accepts connections and answers nothing, until it is thawed. */
  freeze: (name: ServiceName) => void;
  thaw: (name: ServiceName) => void;
  /** Starts one service, which must not be running, and waits until it is ready. */
  start: (name: ServiceName) => Promise<void>;
  /** Stops all, those that ask before those that answer. */
  close: () => Promise<void>;
}>;

/**
 * The system as real processes: prepares the database, starts its services and waits until all are ready.
 * They end when we do, however we end.
 * @throws OperatorError in one line when a service cannot start; what had started by then is stopped
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { onLine, services = serviceNames } = options;
  const hostname = options.hostname ?? '127.0.0.1';
  const urls = byService((name) => `http://${hostname}:${options.ports[name]}`);
  const running = new Map<ServiceName, ServiceProcess>();

  const start = async (name: ServiceName) => {
    const service = await startService({
      name,
      url: `http://127.0.0.1:${options.ports[name]}`,
      env: { ...serviceSettings(name, options, urls), ...options.extraSettings?.[name] },
      launcher: options.launchers?.[name],
      program: options.programs?.[name],
      onLine,
    });
    running.set(name, service);
    void service.ended.then((exitCode) => {
      if (running.get(name) === service) options.onEnded?.(name, exitCode);
    });
  };
  const take = (name: ServiceName) => {
    const service = running.get(name);
    running.delete(name);
    return service;
  };
  const stop = async (name: ServiceName) => take(name)?.stop();
  const kill = async (name: ServiceName) => take(name)?.kill();
  const close = async () => {
    for (const name of serviceNames.toReversed()) await stop(name);
  };

  if (options.isPrepared !== true) await prepareSystem(options);
  try {
    // The others could start without the authority; they would only say in their logs that they miss it.
    await startTogether(services.filter(isAuthority), start);
    await startTogether(
      services.filter((name) => !isAuthority(name)),
      start,
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    urls,
    start,
    stop,
    kill,
    freeze: (name) => running.get(name)?.freeze(),
    thaw: (name) => running.get(name)?.thaw(),
    close,
  };
}

/** Makes an empty or an earlier database one that these services can start on. @throws OperatorError in one line when it cannot */
export async function prepareSystem(options: PreparationOptions): Promise<void> {
  const { onLine, services = serviceNames } = options;
  const senderConstraint = options.mutualTls && 'mtls';
  await writeClientsFile(options.clientsFile, options.secrets, { senderConstraint, others: options.otherClients });
  await Promise.all(
    services.map((name) => {
      const launcher = options.launchers?.[name];
      return prepareService({ name, env: preparationSettings(name, options), launcher, onLine });
    }),
  );
}

function isAuthority(name: ServiceName): boolean {
  return name === 'auth';
}

/** All have started or failed when this returns or throws, so that whoever closes the system misses none. */
async function startTogether(names: readonly ServiceName[], start: System['start']): Promise<void> {
  const started = await Promise.allSettled(names.map(start));
  const failed = started.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function preparationSettings(
  name: ServiceName,
  { databaseUrl, secrets, clientsFile }: PreparationOptions,
): Record<string, string> {
  const settings = { DATABASE_URL: databaseUrl, SEED: 'demo' };
  return name === 'auth'
    ? { ...settings, KEY_ENCRYPTION_KEY: secrets.keyEncryptionKey, CLIENTS_FILE: clientsFile }
    : settings;
}

function serviceSettings(name: ServiceName, options: SystemOptions, urls: System['urls']): Record<string, string> {
  const { secrets, databaseUrl, ports, logLevel = 'info', allowedOrigins = '' } = options;
  const settings = {
    PORT: String(ports[name]),
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: logLevel,
    ISSUER: urls.auth,
    ALLOWED_ORIGINS: allowedOrigins,
    ...mutualTlsSettings(name, options),
  };
  switch (name) {
    case 'auth':
      return { ...settings, ...authSettings(options) };
    case 'catalog':
      return { ...settings, CLIENT_KEY: JSON.stringify(secrets.clientKeys.catalog) };
    case 'payments':
      return {
        ...settings,
        CLIENT_KEY: JSON.stringify(secrets.clientKeys.payments),
        CATALOG_URL: urlForServices('catalog', options) ?? urls.catalog,
      };
  }
}

function authSettings({ secrets, throttleFactor = 1, mailOutbox = '' }: SystemOptions): Record<string, string> {
  return {
    KEY_ENCRYPTION_KEY: secrets.keyEncryptionKey,
    THROTTLE_FACTOR: String(throttleFactor),
    MAIL_OUTBOX: mailOutbox,
  };
}

function mutualTlsSettings(name: ServiceName, options: SystemOptions): Record<string, string> {
  const { mutualTls } = options;
  if (mutualTls === undefined) return {};
  const authorityUrl = name === 'auth' ? {} : { AUTHORITY_URL: urlForServices('auth', options) ?? '' };
  return { MTLS_FOLDER: join(mutualTls.folder, name), MTLS_PORT: String(mutualTls.ports[name]), ...authorityUrl };
}

/** Where the other services find this one, if they are to show certificates. */
function urlForServices(name: ServiceName, { mutualTls, hostname = '127.0.0.1' }: SystemOptions): string | undefined {
  return mutualTls && `https://${hostname}:${mutualTls.ports[name]}`;
}

function byService<Value>(make: (name: ServiceName) => Value): Record<ServiceName, Value> {
  return { auth: make('auth'), catalog: make('catalog'), payments: make('payments') };
}
