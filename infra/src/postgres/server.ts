import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../free-ports.ts';
import { startGuarded, type GuardedProcess, type Owner } from '../guarded-process.ts';
import { lastWords } from '../last-words.ts';
import { OperatorError } from '../operator-error.ts';
import { postgresBinaries } from './binaries.ts';
import { giveTo, makeFolderFor, postgresOwner } from './owner.ts';

export type PostgresServer = Readonly<{
  url: string;
  /** Resolves when it has ended, asked to or not. */
  ended: Promise<unknown>;
  stop: () => Promise<void>;
}>;

/** A server that is about to start. */
type Setup = Readonly<{
  port: number;
  /** Of the user `postgres`. Only counts when the data is new. */
  password: string;
  owner: Owner | undefined;
  /** Everything of the server that goes when it stops. */
  scratch: string;
  data: string;
  /** False: nothing is kept, so nothing needs to wait for the disk. */
  isKept: boolean;
  launcher: readonly string[];
  settings: readonly string[];
}>;

type Conditions = Readonly<{
  /** What starts it, such as `taskset -c 0`. */
  launcher?: readonly string[];
  /** Each as `name=value`. */
  settings?: readonly string[];
}>;

/** A PostgreSQL 18 on a free loopback port. Its data is gone when it stops, or when we die. */
export async function startTemporaryPostgres({
  launcher = [],
  settings = [],
}: Conditions = {}): Promise<PostgresServer> {
  const [port = 0] = await freePorts(1);
  const scratch = await makeScratch();
  const owner = await postgresOwner(scratch);
  const password = randomBytes(16).toString('hex');
  return start({ port, password, owner, scratch, data: join(scratch, 'data'), isKept: false, launcher, settings });
}

/** A PostgreSQL 18 whose data is kept in a folder, which is made when it is not there. */
export async function startPostgres(
  at: Readonly<{ folder: string; port: number; password: string }>,
): Promise<PostgresServer> {
  const { folder: data, port, password } = at;
  const [owner, scratch] = [await postgresOwner(data), await makeScratch()];
  return start({ port, password, owner, scratch, data, isKept: true, launcher: [], settings: [] });
}

/** It stops when we end, however we end. Throws an OperatorError with the server's last words when it cannot start. */
async function start(setup: Setup): Promise<PostgresServer> {
  const { owner, scratch, data, port, password } = setup;
  await makeFolderFor(owner, scratch);
  try {
    await makeFolderFor(owner, data);
    const { initdb, postgres } = await postgresBinaries(owner, scratch);
    if (!(await isInitialised(data))) await initialise(initdb, setup);
    const { ended, stop } = await serve(postgres, setup);
    return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, ended, stop };
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
}

function makeScratch(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sallyport-postgres-'));
}

async function isInitialised(data: string): Promise<boolean> {
  return readFile(join(data, 'PG_VERSION')).then(
    () => true,
    () => false,
  );
}

const surroundings = { env: { LC_ALL: 'C', TZ: 'UTC' }, cwd: '/' } as const;

async function initialise(program: string, { data, scratch, password, owner, isKept }: Setup): Promise<void> {
  const passwordFile = join(scratch, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await giveTo(owner, passwordFile);
  const lines: string[] = [];
  const initdb = startGuarded({
    ...surroundings,
    command: [
      program,
      `--pgdata=${data}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(isKept ? [] : ['--no-sync']),
    ],
    signal: 'TERM',
    owner,
    onLine: (line) => lines.push(line),
  });
  const status = await initdb.ended;
  await rm(passwordFile, { force: true });
  if (status !== 0) throw new OperatorError(`PostgreSQL could not make its data in ${data}: ${lastWords(lines)}`);
}

async function serve(program: string, setup: Setup): Promise<GuardedProcess> {
  const { data, scratch, port, owner, isKept, launcher } = setup;
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=300',
    'log_timezone=UTC',
    'timezone=UTC',
    ...(isKept ? [] : ['fsync=off', 'full_page_writes=off']),
    ...setup.settings,
  ];
  const lines: string[] = [];
  const { promise: isReady, resolve: ready } = Promise.withResolvers<'ready'>();
  const server = startGuarded({
    ...surroundings,
    command: [...launcher, program, '-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    signal: 'INT',
    owner,
    deleteAfterwards: scratch,
    onLine: (line) => {
      lines.push(line);
      if (line.includes('ready to accept connections')) ready('ready');
      if (lines.length > 50) lines.shift();
    },
  });
  const outcome = await Promise.race([isReady, server.ended]);
  if (outcome === 'ready') return server;
  throw new OperatorError(`PostgreSQL did not start in ${data}: ${lastWords(lines)}`);
}
