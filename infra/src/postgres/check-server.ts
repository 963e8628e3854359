import pg from 'pg';
import { OperatorError } from '../operator-error.ts';

const leastVersion = 170_000;

/**
 * Makes sure that a server of the operator's own will do, before anything is written to it.
 * @throws OperatorError saying what to put right; it never holds the password
 */
export async function checkServer(url: string): Promise<void> {
  const place = placeOf(url);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number; creates: boolean }>(
      `SELECT current_setting('server_version_num')::int AS version, rolsuper OR rolcreaterole AS creates
         FROM pg_roles WHERE rolname = current_user`,
    );
    const [row] = rows;
    if (row === undefined || row.version < leastVersion) {
      throw new OperatorError(
        `DATABASE_URL: the server at ${place} is older than PostgreSQL 17, which Sallyport needs.`,
      );
    }
    if (!row.creates) {
      throw new OperatorError(
        `DATABASE_URL: its user may not create roles, which the migrations do: ALTER ROLE … CREATEROLE.`,
      );
    }
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`DATABASE_URL: ${whatToDo(error, place)}`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}

function placeOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.hostname === '') {
    throw new OperatorError(
      'DATABASE_URL is not valid: set it to postgres://user:password@host:port/database, or unset it to use the embedded PostgreSQL.',
    );
  }
  return `${parsed.hostname}:${parsed.port === '' ? '5432' : parsed.port}`;
}

function whatToDo(error: unknown, place: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case '28P01':
    case '28000':
      return `the server at ${place} refuses this user and password.`;
    case '3D000':
      return `the server at ${place} has no such database: create it first.`;
    default:
      return `no PostgreSQL answers at ${place}: start it, or unset DATABASE_URL to use the embedded one.`;
  }
}
