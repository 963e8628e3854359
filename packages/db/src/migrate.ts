import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { runtimeRole } from './pool.ts';

export type MigrationOptions = Readonly<{
  /** A login that may create schemas and roles. Services never run with it. */
  url: string;
  schema: string;
  /** Absolute path of the folder that drizzle-kit writes. */
  folder: string;
}>;

// One number for every migration of every service: two that run at once take turns.
const migrationLock = 7_150_001;

/**
 * Creates the service's schema and run-time role when they are missing, and applies what is new in `folder`.
 * Safe to run again, and from several processes at once. Grants stand in the migrations themselves.
 */
export async function migrate(options: MigrationOptions): Promise<void> {
  const client = new pg.Client({ connectionString: options.url, options: `-c search_path=${options.schema}` });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await createSchemaAndRole(client, options.schema);
    await applyMigrations(drizzle({ client }), {
      migrationsFolder: options.folder,
      migrationsSchema: options.schema,
      migrationsTable: 'applied_migrations',
    });
  } finally {
    await client.end();
  }
}

async function createSchemaAndRole(client: pg.Client, schema: string): Promise<void> {
  const role = runtimeRole(schema);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
  // Roles belong to the whole server, and the lock above to one database: another database may create it just now.
  await client.query(`
    DO $$ BEGIN
      CREATE ROLE ${client.escapeIdentifier(role)} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$`);
  await client.query(`GRANT ${client.escapeIdentifier(role)} TO CURRENT_USER`);
  await client.query(`GRANT USAGE ON SCHEMA ${client.escapeIdentifier(schema)} TO ${client.escapeIdentifier(role)}`);
}
