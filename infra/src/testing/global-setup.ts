import { testServerVariable } from '@sallyport/db/testing';
import { startTemporaryPostgres } from '../postgres/server.ts';

/** Starts one PostgreSQL server for a whole test run; each suite then makes a database of its own on it. */
export default async function startTestServer(): Promise<() => Promise<void>> {
  const server = await startTemporaryPostgres();
  process.env[testServerVariable] = server.url;
  return () => server.stop();
}
