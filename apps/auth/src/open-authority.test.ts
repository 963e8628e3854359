import { randomBytes } from 'node:crypto';
import { throwAwayDatabase } from '@sallyport/db/testing';
import { createLog } from '@sallyport/service';
import { expect, test } from 'vitest';
import { openAuthority } from './open-authority.ts';
import { prepareDatabase } from './prepare-database.ts';
import { houseClients } from './testing/house-clients.ts';

const log = createLog('auth', 'silent');

function failureOf(
  databaseUrl: string,
  keyEncryptionKey: Uint8Array,
  issuer = 'http://authority.test',
): Promise<string> {
  return openAuthority({ issuer, databaseUrl, keyEncryptionKey, log }).then(
    () => 'it opened',
    (error: unknown) => String(error),
  );
}

test('what keeps the authority from opening is one sentence that says what to do', async () => {
  const database = await throwAwayDatabase();
  const key = randomBytes(32);
  expect(await failureOf(database.url, key)).toBe(
    'SettingsError: The database is not prepared, or this login may not prepare it. Run `pnpm prepare-database` with a login that may.',
  );
  const clients = await houseClients({});
  await prepareDatabase({ databaseUrl: database.url, keyEncryptionKey: key, clients, withDemoAccounts: false });
  expect(await failureOf(database.url, randomBytes(32))).toMatch(/^SettingsError: KEY_ENCRYPTION_KEY is not the key/);
  const longAddress = `https://${'a'.repeat(60)}.example`;
  expect(await failureOf(database.url, key, longAddress)).toMatch(/^SettingsError: An access token for \w+ would have/);
  const stranger = new URL(database.url);
  stranger.password = 'wrong';
  expect(await failureOf(stranger.href, key)).toMatch(/^SettingsError: The database did not let us in/);
  const nowhere = new URL(database.url);
  nowhere.port = '1';
  expect(await failureOf(nowhere.href, key)).toMatch(/^SettingsError: The database does not answer/);
  await database.drop();
});
