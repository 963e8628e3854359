import { explainDatabaseFailure } from '@sallyport/db';
import { preparationSettings, readEnvironment, runCommand } from '@sallyport/service';
import { migratePayments, seedDemo } from './prepare-database.ts';

// Runs before the service, with a login that may create schemas and roles. Safe to run again.
await runCommand({
  name: 'payments',
  explain: explainDatabaseFailure,
  run: async () => {
    const { DATABASE_URL: url, SEED: seed } = readEnvironment(preparationSettings);
    await migratePayments(url);
    if (seed !== 'demo') return 'payments: database is ready';
    await seedDemo(url);
    return 'payments: database is ready, with the demo wallets';
  },
});
