import { once } from 'node:events';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@sallyport/db/testing';
import { grownOld } from '@sallyport/service/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowReader } from './read-rows.ts';

let database: ThrowAwayDatabase;

beforeAll(async () => {
  database = await throwAwayDatabase();
});
afterAll(() => database.drop());

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url, pipeline: true });
  await client.connect();
  return client;
}

test('a statement that is not answered in time rejects, and so do those behind it, with the connection they wait on', async () => {
  const client = await connected();
  const broke = once(client, 'error');
  const readRows = rowReader(client, 100);
  const asked = await Promise.allSettled([
    readRows({ text: 'SELECT pg_sleep(60)' }),
    readRows({ text: 'SELECT 1 AS one' }),
  ]);
  expect(asked).toMatchObject([
    { status: 'rejected', reason: { message: 'PostgreSQL did not answer within 100 ms.' } },
    { status: 'rejected' },
  ]);
  await broke;
  await expect(readRows({ text: 'SELECT 1 AS one' })).rejects.toThrow('not queryable');
});

test('a statement that PostgreSQL refuses rejects alone', async () => {
  const client = await connected();
  const readRows = rowReader(client, 10_000);
  const asked = [readRows({ text: 'SELECT 1 / 0' }), readRows({ text: 'SELECT 1 AS one' })];
  await expect(asked[0]).rejects.toThrow('division by zero');
  await expect(asked[1]).resolves.toEqual([{ one: 1 }]);
  await client.end();
});

test('nothing of a statement outlives it: its rows go with the young generation', async () => {
  const client = await connected();
  const readRows = rowReader(client, 10_000);
  const statement = { name: 'many', text: 'SELECT n::text AS number FROM generate_series(1, 100) n' };
  const grown = await grownOld(async () => {
    for (let index = 0; index < 20; index += 1) await readRows(statement);
  });
  // A hundred thousand rows: 6 MB, where they stay; 0.1 where they do not.
  expect(grown).toBeLessThan(2_000_000);
  await client.end();
});
