import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { throwAwayDatabase } from '@sallyport/db/testing';
import pg from 'pg';
import { expect, test } from 'vitest';
import { demoProducts } from './seed.ts';

test('preparing a database again, even twice at once, changes nothing and keeps what people changed', async () => {
  const { url, drop } = await throwAwayDatabase();
  const prepare = () => runPrepare({ DATABASE_URL: url, SEED: 'demo' });
  const outputs = await Promise.all([prepare(), prepare()]);
  for (const { stdout } of outputs) expect(stdout).toBe('catalog: database is ready, with 1100 demo products\n');
  const client = new pg.Client({ connectionString: url, options: '-c search_path=catalog' });
  await client.connect();
  const changed = await client.query(`UPDATE products SET name = 'Mine now' WHERE id = $1`, [demoProducts()[0]?.id]);
  expect(changed.rowCount).toBe(1);
  const stored = async () => (await client.query<object>('SELECT * FROM products ORDER BY id')).rows;
  const before = await stored();
  await prepare();
  expect(await stored()).toEqual(before);
  await client.end();
  await drop();
});

test('a database that cannot be reached is one clear line and a non-zero exit', async () => {
  const failure: unknown = await runPrepare({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x' }).catch(
    (error: unknown) => error,
  );
  const stderr = 'catalog: The database does not answer. Start it, or set DATABASE_URL to one that runs.\n';
  expect(failure).toMatchObject({ code: 2, stdout: '', stderr });
});

function runPrepare(settings: Record<string, string>) {
  const script = fileURLToPath(new URL('prepare.ts', import.meta.url));
  return promisify(execFile)(process.execPath, [script], { env: settings });
}
