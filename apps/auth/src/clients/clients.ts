import { eq } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import { clients } from '../schema.ts';

export type Client = typeof clients.$inferSelect;

/** The client, when it is registered and enabled. */
export async function findClient(queries: AuthQueries, clientId: string): Promise<Client | undefined> {
  const [client] = await queries.select().from(clients).where(eq(clients.clientId, clientId));
  return client?.enabled ? client : undefined;
}

/**
 * The same, waiting for a change that is under way: what it says is in force for any serial that was drawn before, or a cut-off
 * covers that serial (`serials.ts`).
 */
export async function findClientAfterSerial(queries: AuthQueries, clientId: string): Promise<Client | undefined> {
  const [client] = await queries.select().from(clients).where(eq(clients.clientId, clientId)).for('share');
  return client?.enabled ? client : undefined;
}

export async function allClients(queries: AuthQueries): Promise<readonly Client[]> {
  return queries.select().from(clients);
}

/** True for a service that may do this at the authority: ask about tokens, or follow revocations. */
export function mayAtAuthority(client: Client, right: 'introspect' | 'revocations'): boolean {
  return client.kind === 'confidential' && (client.serviceScopes['auth'] ?? []).includes(right);
}
