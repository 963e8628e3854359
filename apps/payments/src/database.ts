import { createPool, openDatabase, runtimeRole, type Database, type Queries } from '@sallyport/db';
import type pg from 'pg';
import * as schema from './schema.ts';

export type PaymentsDatabase = Database<typeof schema>;
export type PaymentsQueries = Queries<typeof schema>;

/** The service's pool, as its run-time role: it can write new lines into the books, and change none. */
export function openPayments(url: string): { pool: pg.Pool; database: PaymentsDatabase } {
  const pool = createPool({ url, schema: 'payments', role: runtimeRole('payments') });
  return { pool, database: openDatabase(pool, schema) };
}
