import { readFile } from 'node:fs/promises';
import { inTransaction } from '@sallyport/db';
import { parseJson, SettingsError } from '@sallyport/service';
import { eq } from 'drizzle-orm';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { clients } from '../schema.ts';
import type { Ending } from '../sign-in/sessions.ts';
import { clientRegistration, type ClientRegistration } from './client-registration.ts';
import { registerClientIn, updateClientIn, type ClientOutcome } from './manage-clients.ts';

const seedFile = z.strictObject({ clients: z.array(clientRegistration).max(1000) });

/**
 * Reads a seed file: `{"clients": [...]}`, each as the admin procedure takes it.
 * @throws SettingsError in one line that says where it is wrong. Never holds a value of the file
 */
export async function readClientSeed(path: string): Promise<readonly ClientRegistration[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new SettingsError(`CLIENTS_FILE names a file that cannot be read: ${path}`);
  });
  const read = seedFile.safeParse(parseJson(text));
  if (read.success) return read.data.clients;
  const [issue] = read.error.issues;
  const place = issue?.path.join('.') ?? '';
  const sentence = issue?.code === 'custom' ? issue.message : 'it is not what a client registration has there';
  throw new SettingsError(`${path} is not valid${place === '' ? '' : ` at ${place}`}: ${sentence}.`);
}

/**
 * Brings the registered clients to what the file says: what it names for the first time is registered, what is there is changed to
 * it, and ends what it has by that lost. Never deletes a client, and never enables one that was disabled. Safe to run again.
 */
export async function seedClients(
  { database, now }: Pick<Authority, 'database' | 'now'>,
  seed: readonly ClientRegistration[],
): Promise<void> {
  const change = { because: 'the seed file says so', actor: 'command:prepare', at: new Date(now()) } as const;
  // One after another: a cut-off's place in the feed is taken under a lock.
  for (const registration of seed) {
    const outcome = await inTransaction(database, transactionLimits, (transaction) =>
      seedClient(transaction, registration, change),
    );
    if (outcome.outcome === 'refused')
      throw new SettingsError(`The client ${registration.clientId} of the seed file is refused: ${outcome.reason}.`);
  }
}

async function seedClient(
  transaction: AuthQueries,
  registration: ClientRegistration,
  change: Ending,
): Promise<ClientOutcome> {
  const registered = await registerClientIn(transaction, registration, change);
  if (registered.outcome === 'done' || registered.reason !== 'client_exists') return registered;
  const { clientId, kind, audience = null, ...rest } = registration;
  const [present] = await transaction
    .select({ kind: clients.kind })
    .from(clients)
    .where(eq(clients.clientId, clientId));
  if (present?.kind !== kind)
    throw new SettingsError(`The client ${clientId} is ${present?.kind}: its kind cannot be changed.`);
  return updateClientIn(transaction, { clientId, changes: { audience, ...rest } }, change);
}
