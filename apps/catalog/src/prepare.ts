import { explainDatabaseFailure } from '@sallyport/db';
import { preparationSettings, readEnvironment, runCommand } from '@sallyport/service';
import { migrateCatalog, seedCatalog } from './prepare-database.ts';
import { seededProductCount } from './seed.ts';

// Runs before the service, with a login that may create schemas and roles. Safe to run again.
await runCommand({
  name: 'catalog',
  explain: explainDatabaseFailure,
  run: async () => {
    const { DATABASE_URL: url, SEED: seed } = readEnvironment(preparationSettings);
    await migrateCatalog(url);
    if (seed !== 'demo') return 'catalog: database is ready';
    await seedCatalog(url);
    return `catalog: database is ready, with ${seededProductCount} demo products`;
  },
});
