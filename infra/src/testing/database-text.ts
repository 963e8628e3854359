import pg from 'pg';
import type { Sink } from './secret-watch.ts';

/** Every row of every table of the services, as PostgreSQL prints it. */
export async function databaseText(databaseUrl: string): Promise<readonly Sink[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname IN ('auth', 'catalog', 'payments')`,
    );
    const sinks: Sink[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      sinks.push(...rows.map(({ text }) => ({ name: `table ${name}`, text })));
    }
    return sinks;
  } finally {
    await client.end();
  }
}
