import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { databaseFailure } from './database-failure.ts';

export type Database<Schema extends Record<string, unknown>> = NodePgDatabase<Schema> & { $client: pg.Pool };

/** What a repository function needs: the database, or a transaction on it. */
export type Queries<Schema extends Record<string, unknown>> = Pick<
  NodePgDatabase<Schema>,
  'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | 'execute' | 'with'
>;

export function openDatabase<Schema extends Record<string, unknown>>(pool: pg.Pool, schema: Schema): Database<Schema> {
  return drizzle({ client: pool, schema });
}

export type TransactionLimits = Readonly<{
  /** Milliseconds until PostgreSQL ends the transaction (`transaction_timeout`, PostgreSQL 17 and later). */
  withinMs: number;
  /** Milliseconds to wait for any one lock (`lock_timeout`). Default: `withinMs`. */
  lockWithinMs?: number;
}>;

/**
 * Runs `work` in one read-committed transaction that PostgreSQL itself ends when its time is over.
 *
 * When `work` throws, all of it is rolled back and the error is thrown on. A connection lost during COMMIT throws too:
 * the outcome is then unknown, and only an idempotency key can tell. The time does not count the wait for a connection.
 */
export async function inTransaction<Schema extends Record<string, unknown>, Result>(
  database: Database<Schema>,
  limits: TransactionLimits,
  work: (transaction: Queries<Schema>) => Promise<Result>,
): Promise<Result> {
  const within = wholeMilliseconds(limits.withinMs);
  const lockWithin = wholeMilliseconds(limits.lockWithinMs ?? limits.withinMs);
  // Drizzle's own `transaction` on a pool never gives a connection back on which BEGIN failed.
  const client = await database.$client.connect();
  let broken = true;
  try {
    const result = await runIn(drizzle<Schema, pg.PoolClient>({ client }), { within, lockWithin }, work);
    broken = false;
    return result;
  } catch (error) {
    broken = databaseFailure(error).kind === 'unreachable';
    throw error;
  } finally {
    client.release(broken);
  }
}

async function runIn<Schema extends Record<string, unknown>, Result>(
  transaction: Queries<Schema>,
  { within, lockWithin }: Readonly<{ within: number; lockWithin: number }>,
  work: (transaction: Queries<Schema>) => Promise<Result>,
): Promise<Result> {
  try {
    // One message, and so one round trip: a payment waits for each of them.
    await transaction.execute(
      `begin; select set_config('transaction_timeout', '${within}ms', true), set_config('lock_timeout', '${lockWithin}ms', true)`,
    );
    const result = await work(transaction);
    await transaction.execute('commit');
    return result;
  } catch (error) {
    await transaction.execute('rollback');
    throw error;
  }
}

// PostgreSQL reads 0 as "no limit", so the least limit is 1 ms.
function wholeMilliseconds(value: number): number {
  return Math.max(1, Math.floor(value));
}
