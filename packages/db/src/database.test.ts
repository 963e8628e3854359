import { mkdtemp, mkdir, writeFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool, inTransaction, migrate, openDatabase, runtimeRole } from './index.ts';
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
