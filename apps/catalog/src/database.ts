import { createPool, openDatabase, runtimeRole, type Database, type Queries } from '@sallyport/db';
import type pg from 'pg';
import * as schema from './schema.ts';

export type CatalogDatabase = Database<typeof schema>;
export type CatalogQueries = Queries<typeof schema>;

/** The service's pool, as its run-time role: it can read, add and change products, and delete none. */
export function openCatalog(url: string): { pool: pg.Pool; database: CatalogDatabase } {
  const pool = createPool({ url, schema: 'catalog', role: runtimeRole('catalog') });
  return { pool, database: openDatabase(pool, schema) };
}
