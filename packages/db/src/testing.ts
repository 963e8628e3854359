import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Where the test run says its PostgreSQL server is. */
export const testServerVariable = 'SALLYPORT_TEST_DATABASE_URL';

export type ThrowAwayDatabase = Readonly<{ url: string; drop: () => Promise<void> }>;

/**
 * A new, empty database on the test run's server. Each suite takes its own and drops it when it is done.
 * Throws when no server was started: run the tests through the repository's vitest configuration.
 */
export async function throwAwayDatabase(): Promise<ThrowAwayDatabase> {
  const serverUrl = process.env[testServerVariable];
  if (serverUrl === undefined)
    throw new Error(`${testServerVariable} is not set: vitest.config.ts starts a server and sets it.`);
  const name = `sallyport_test_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
