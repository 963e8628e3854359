import { readEnvironment, runCommand } from '@sallyport/service';
import { readClientSeed } from './clients/client-seed.ts';
import { prepareSettings } from './environment.ts';
import { prepareDatabase } from './prepare-database.ts';
import { explainStartFailure } from './start-failure.ts';

// Runs before the service, with a login that may create schemas and roles. Safe to run again.
await runCommand({
  name: 'auth',
  explain: explainStartFailure,
  run: async () => {
    const settings = readEnvironment(prepareSettings);
    const withDemoAccounts = settings.SEED === 'demo';
    await prepareDatabase({
      databaseUrl: settings.DATABASE_URL,
      keyEncryptionKey: settings.KEY_ENCRYPTION_KEY,
      clients: settings.CLIENTS_FILE === undefined ? [] : await readClientSeed(settings.CLIENTS_FILE),
      withDemoAccounts,
    });
    return `auth: database is ready${withDemoAccounts ? ', with the demo accounts' : ''}`;
  },
});
