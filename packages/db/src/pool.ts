import pg from 'pg';

export type PoolOptions = Readonly<{
  /** `postgres://user:password@host:port/database`. */
  url: string;
  /** The service's schema. It becomes the whole `search_path`. */
  schema: string;
  /** The service's run-time role. Every connection starts as this role (see `runtimeRole`). */
  role?: string;
  /** Connections at most. Default 10. */
  max?: number;
  /** Milliseconds a caller waits for a connection before it gets an error. Default 2000. */
  connectWithinMs?: number;
  /** Milliseconds until PostgreSQL ends a single statement. Default 5000. */
  statementWithinMs?: number;
  /**
   * `off`: a commit is seen by everybody at once, and on the disk within a second: when PostgreSQL itself crashes, the last of them are gone
   * (its manual, §28.4). For what may be lost. Default `on`.
   */
  synchronousCommit?: 'on' | 'off';
}>;

/**
 * A pool whose connections see one schema and act as one role.
 *
 * `role` travels in the start-up packet, so it holds before the first query. It keeps mistakes out, not an attacker who
 * can run SQL: whoever may log in with `url` may `SET ROLE` back. In production give each service a login of its own.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const settings = [`-c search_path=${options.schema}`, `-c statement_timeout=${options.statementWithinMs ?? 5000}`];
  if (options.synchronousCommit !== undefined) settings.push(`-c synchronous_commit=${options.synchronousCommit}`);
  if (options.role !== undefined) settings.push(`-c role=${options.role}`);
  const pool = new pg.Pool({
    connectionString: options.url,
    options: settings.join(' '),
    max: options.max ?? 10,
    connectionTimeoutMillis: options.connectWithinMs ?? 2000,
    allowExitOnIdle: false,
  });
  // A connection that breaks (idle, or ended by transaction_timeout) fails its query and is replaced by the pool; without
  // a listener it would end the process as well.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Whether the database answers at all, for a service's readiness. */
export function isReachable(pool: pg.Pool): Promise<boolean> {
  return pool.query('SELECT 1').then(
    () => true,
    () => false,
  );
}

/** The role that a service's queries run as: it owns nothing, and may do only what its migrations grant. */
export function runtimeRole(schema: string): string {
  return `sallyport_${schema}`;
}
