import { fileURLToPath } from 'node:url';
import { createPool, migrate, openDatabase } from '@sallyport/db';
import * as schema from './schema.ts';
import { seedDemo } from './seed.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));

/** Brings the schema up to date. `url` is a login that may create schemas and roles. Safe to run again. */
export function migrateCatalog(url: string): Promise<void> {
  return migrate({ url, schema: 'catalog', folder });
}

/** Adds the demo products that are missing. As the login itself: the run-time role may not write categories. */
export async function seedCatalog(url: string): Promise<void> {
  const pool = createPool({ url, schema: 'catalog', max: 1 });
  try {
    await seedDemo(openDatabase(pool, schema));
  } finally {
    await pool.end();
  }
}
