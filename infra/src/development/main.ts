import { join } from 'node:path';
import { SettingsError } from '@sallyport/service';
import { makeCertificates, writeCertificates } from '../certificates.ts';
import { stopAllGuarded } from '../guarded-process.ts';
import { describeFailure, OperatorError } from '../operator-error.ts';
import { repositoryRoot } from '../repository.ts';
import type { ServiceName } from '../service-process.ts';
import { startSystem, type System, type SystemOptions } from '../system.ts';
import { openDatabase } from './database.ts';
import { readOrMakeSecrets } from './kept-secrets.ts';
import { prettyLine } from './pretty-line.ts';
import { restartOnChange } from './restart-on-change.ts';
import { assertPortsAreFree, developmentSettings, type DevelopmentSettings } from './settings.ts';
import { summary } from './summary.ts';

// `pnpm dev`: the whole system, with a database that is kept, until Ctrl-C.

const folder = join(repositoryRoot, '.sallyport');
let stop = async () => stopAllGuarded();
let isStopping = false;

// Ctrl-C reaches us once from the terminal and once more through turbo: one stop is enough.
process.on('SIGINT', () => void stopOnce());
process.on('SIGTERM', () => void stopOnce());
process.on('SIGHUP', () => void stopOnce());

// Nobody reads any more, or whoever started us is gone: turbo was killed, or the terminal was closed.
process.stdout.on('error', () => void stopOnce());
process.stderr.on('error', () => void stopOnce());
const startedBy = process.ppid;
setInterval(() => process.ppid === startedBy || void stopOnce(), 500).unref();

try {
  await start();
} catch (error) {
  // A start that Ctrl-C cut short has failed on purpose.
  if (!isStopping) {
    console.error(error instanceof SettingsError ? error.message : describeFailure(error));
    await stop();
    process.exit(1);
  }
}

async function start(): Promise<void> {
  const startedAtMs = performance.now();
  const settings = developmentSettings();
  await assertPortsAreFree(settings.ports);
  const secrets = await readOrMakeSecrets(join(folder, 'development.json'));
  const database = await openDatabase(settings.databaseUrl, folder, secrets.postgresPassword);
  const mutualTls = settings.mutualTls ? await newCertificates(settings.ports) : undefined;
  const system = await startSystem({
    databaseUrl: database.url,
    ports: settings.ports,
    hostname: 'localhost',
    secrets: secrets.system,
    clientsFile: join(folder, 'clients.json'),
    mailOutbox: join(folder, 'mail'),
    logLevel: settings.logLevel,
    allowedOrigins: settings.allowedOrigins,
    extraSettings: { ...settings.extraSettings, auth: { ...settings.extraSettings.auth, ...auditSettings(settings) } },
    mutualTls,
    onLine: (line) => console.log(prettyLine(line)),
    onEnded: (name, exitCode) => {
      console.error(`${name} has ended by itself, with exit code ${exitCode}. It starts again when its code changes.`);
    },
  });
  void database.ended.then(() => {
    if (!isStopping) console.error('PostgreSQL has ended by itself. Press Ctrl-C and start again.');
  });
  const stopWatching = restartOnChange((names, changed) => restart(system, names, changed));
  stop = async () => {
    stopWatching();
    await system.close();
    await database.stop();
    await stopAllGuarded();
  };
  console.log(
    summary({
      urls: system.urls,
      metrics: settings.metrics,
      database,
      seconds: (performance.now() - startedAtMs) / 1000,
    }),
  );
}

/** Beside the database that they vouch for. Another one, which was named, may be put back at any time: it gets none. */
function auditSettings({ databaseUrl }: DevelopmentSettings): Readonly<Record<string, string>> {
  return databaseUrl === undefined ? { AUDIT_CHECKPOINTS: join(folder, 'audit-checkpoints') } : {};
}

/** An authority and certificates of this start alone; the services find each other 100 ports above where others find them. */
async function newCertificates(ports: DevelopmentSettings['ports']): Promise<NonNullable<SystemOptions['mutualTls']>> {
  const certificates = join(folder, 'certificates');
  await writeCertificates(certificates, await makeCertificates('localhost'));
  const above = { auth: ports.auth + 100, catalog: ports.catalog + 100, payments: ports.payments + 100 };
  return { folder: certificates, ports: above };
}

async function restart(system: System, names: readonly ServiceName[], changed: string): Promise<void> {
  if (isStopping) return;
  console.log(`${changed} changed: restarting ${names.join(', ')}`);
  for (const name of names) {
    await system.stop(name);
    if (isStopping) return;
    await system.start(name).catch((error: unknown) => {
      const said = error instanceof OperatorError ? error.message : describeFailure(error);
      console.error(`${said}\nIt starts again when its code changes.`);
    });
  }
}

async function stopOnce(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await stop();
  process.exit(0);
}
