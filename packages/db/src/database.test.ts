import { mkdtemp, mkdir, writeFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool, databaseFailure, inTransaction, migrate, openDatabase, runtimeRole } from './index.ts';
import { throwAwayDatabase, type ThrowAwayDatabase } from './testing.ts';

let database: ThrowAwayDatabase;
let folder: string;

beforeAll(async () => {
  database = await throwAwayDatabase();
  folder = await mkdtemp(join(tmpdir(), 'sallyport-migrations-'));
  await mkdir(join(folder, 'meta'));
  await writeFile(
    join(folder, 'meta/_journal.json'),
    JSON.stringify({
      version: '7',
      dialect: 'postgresql',
      entries: [{ idx: 0, version: '7', when: 1, tag: '0000_notes', breakpoints: true }],
    }),
  );
  await writeFile(
    join(folder, '0000_notes.sql'),
    'CREATE TABLE probe.notes (id int); GRANT SELECT, INSERT ON probe.notes TO sallyport_probe;',
  );
});

afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

function openProbe() {
  const pool = createPool({ url: database.url, schema: 'probe', role: runtimeRole('probe') });
  return { pool, db: openDatabase(pool, {}) };
}

test('migrations that run at the same time apply once', async () => {
  const options = { url: database.url, schema: 'probe', folder };
  await Promise.all([migrate(options), migrate(options), migrate(options)]);
  const { pool } = openProbe();
  expect((await pool.query('SELECT current_user AS role, count(*)::int AS notes FROM notes')).rows).toEqual([
    { role: 'sallyport_probe', notes: 0 },
  ]);
  await pool.end();
});

test('the run-time role may do only what a migration granted', async () => {
  const { pool } = openProbe();
  await expect(pool.query('DELETE FROM notes')).rejects.toThrow('permission denied');
  await expect(pool.query('SELECT * FROM applied_migrations')).rejects.toThrow('permission denied');
  await pool.end();
});

test('a transaction that throws leaves nothing behind', async () => {
  const { pool, db } = openProbe();
  const failing = inTransaction(db, { withinMs: 1000 }, async (transaction) => {
    await transaction.execute(sql`INSERT INTO notes VALUES (1)`);
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  expect((await pool.query('SELECT * FROM notes')).rowCount).toBe(0);
  await pool.end();
});

test('PostgreSQL ends a transaction whose time is over', async () => {
  const { pool, db } = openProbe();
  const slow = inTransaction(db, { withinMs: 50 }, (transaction) => transaction.execute(sql`SELECT pg_sleep(5)`));
  await expect(slow).rejects.toThrow();
  await pool.end();
});

test('a failure is told apart by what it means for the caller', async () => {
  const { pool, db } = openProbe();
  const failureOf = (query: string) =>
    db.execute(sql.raw(query)).then(
      () => undefined,
      (error: unknown) => databaseFailure(error),
    );
  expect(await failureOf('DO $$ BEGIN RAISE admin_shutdown; END $$')).toEqual({ kind: 'unreachable' });
  expect(await failureOf('SELEC 1')).toEqual({ kind: 'other' });
  expect(await failureOf('DO $$ BEGIN RAISE lock_not_available; END $$')).toEqual({ kind: 'contended' });
  expect(await failureOf("DO $$ BEGIN RAISE check_violation USING CONSTRAINT = 'never_negative'; END $$")).toEqual({
    kind: 'constraint',
    name: 'never_negative',
  });
  await pool.end();
  expect(databaseFailure(new Error('not of the database'))).toEqual({ kind: 'other' });
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' });
  expect(databaseFailure(new AggregateError([refused, refused]))).toEqual({ kind: 'unreachable' });
});

test('a server that is not there is unreachable, in a query and in a transaction', async () => {
  const pool = createPool({ url: 'postgres://nobody@127.0.0.1:1/none', schema: 'probe' });
  const db = openDatabase(pool, {});
  const failures = await Promise.all(
    [db.execute(sql`SELECT 1`), inTransaction(db, { withinMs: 1000 }, () => Promise.resolve())].map((failing) =>
      failing.then(
        () => undefined,
        (error: unknown) => databaseFailure(error),
      ),
    ),
  );
  expect(failures).toEqual([{ kind: 'unreachable' }, { kind: 'unreachable' }]);
  await pool.end();
});

test('a full pool is unreachable too: the caller hears so in time', async () => {
  const pool = createPool({ url: database.url, schema: 'probe', max: 1, connectWithinMs: 50 });
  const held = await pool.connect();
  const failure = await inTransaction(openDatabase(pool, {}), { withinMs: 1000 }, () => Promise.resolve()).catch(
    databaseFailure,
  );
  expect(failure).toEqual({ kind: 'unreachable' });
  held.release();
  await pool.end();
});

test('connections that broke are replaced: a pool outlives any number of them', async () => {
  const pool = createPool({ url: database.url, schema: 'probe', max: 2, connectWithinMs: 500 });
  const db = openDatabase(pool, {});
  for (let round = 0; round < 5; round += 1) {
    const broken = inTransaction(db, { withinMs: 1000 }, async (transaction) => {
      const { rows } = await transaction.execute<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
      await asAdmin(`SELECT pg_terminate_backend(${rows[0]?.pid})`);
      await transaction.execute(sql`SELECT 1`);
    });
    await expect(broken).rejects.toThrow();
  }
  expect(await inTransaction(db, { withinMs: 1000 }, () => Promise.resolve('alive'))).toBe('alive');
  await pool.end();
});

test('a login that is no superuser can migrate, and its services run as their roles', async () => {
  await asAdmin(
    `CREATE ROLE modest LOGIN CREATEROLE PASSWORD 'modest'; GRANT CREATE ON DATABASE ${new URL(database.url).pathname.slice(1)} TO modest`,
  );
  const url = new URL(database.url);
  url.username = 'modest';
  url.password = 'modest';
  const emptyFolder = join(folder, 'none');
  await mkdir(join(emptyFolder, 'meta'), { recursive: true });
  await writeFile(
    join(emptyFolder, 'meta/_journal.json'),
    JSON.stringify({ version: '7', dialect: 'postgresql', entries: [] }),
  );
  await migrate({ url: url.href, schema: 'modest_probe', folder: emptyFolder });
  await migrate({ url: url.href, schema: 'modest_probe', folder: emptyFolder });
  const pool = createPool({ url: url.href, schema: 'modest_probe', role: runtimeRole('modest_probe') });
  expect((await pool.query('SELECT current_user AS role')).rows).toEqual([{ role: 'sallyport_modest_probe' }]);
  await pool.end();
});

async function asAdmin(statement: string): Promise<void> {
  const pool = createPool({ url: database.url, schema: 'probe' });
  await pool.query(statement);
  await pool.end();
}

test('commits are waited for to be on the disk, unless a pool says that they need not be', async () => {
  const settingOf = async (changes: Readonly<{ synchronousCommit?: 'on' | 'off' }>) => {
    const pool = createPool({ url: database.url, schema: 'probe', ...changes });
    const { rows } = await pool.query<{ synchronous_commit: string }>('SHOW synchronous_commit');
    await pool.end();
    return rows[0]?.synchronous_commit;
  };
  expect([await settingOf({}), await settingOf({ synchronousCommit: 'off' })]).toEqual(['on', 'off']);
});
