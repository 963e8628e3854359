import { fileURLToPath } from 'node:url';
import { createPool, migrate, openDatabase } from '@sallyport/db';
import type { ClientRegistration } from './clients/client-registration.ts';
import { seedClients } from './clients/client-seed.ts';
import { schema } from './database.ts';
import { seedDemoAccounts } from './demo-accounts.ts';
import { openSealer } from './keys/sealed-secret.ts';
import { tendSigningKeys } from './keys/signing-keys.ts';
import { ensureRuleSet } from './policy/house-rules.ts';
import { openPasswords } from './sign-in/passwords.ts';

export type Preparation = Readonly<{
  /** A login that may create schemas and roles. */
  databaseUrl: string;
  keyEncryptionKey: Uint8Array;
  clients: readonly ClientRegistration[];
  withDemoAccounts: boolean;
}>;

/** Brings a database to where the service can start: tables, first signing key, clients, first rule set. Safe to run again. */
export async function prepareDatabase(preparation: Preparation): Promise<void> {
  const { databaseUrl, keyEncryptionKey, clients, withDemoAccounts } = preparation;
  await migrate({ url: databaseUrl, schema: 'auth', folder: fileURLToPath(new URL('../migrations', import.meta.url)) });
  const pool = createPool({ url: databaseUrl, schema: 'auth', max: 2 });
  try {
    const database = openDatabase(pool, schema);
    const sealer = openSealer(keyEncryptionKey);
    await tendSigningKeys({ database, sealer, now: Date.now });
    await seedClients({ database, now: Date.now }, clients);
    await ensureRuleSet({ database, now: Date.now });
    if (withDemoAccounts)
      await seedDemoAccounts(database, { sealer, passwords: await openPasswords({ keyEncryptionKey }) });
  } finally {
    await pool.end();
  }
}
