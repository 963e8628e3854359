import { sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import type { PublicKeyJwk } from '../keys/public-key.ts';
import { clients } from '../schema.ts';

type NewClient = typeof clients.$inferInsert;

/** The front end: public, so it proves nothing, and people sign in through it. */
const web: NewClient = {
  clientId: 'web',
  kind: 'public',
  userScopes: {
    auth: ['account'],
    catalog: ['catalog:read', 'catalog:write'],
    payments: ['payments:read', 'payments:write'],
  },
};

const services = {
  catalog: {
    audience: 'catalog',
    serviceScopes: { auth: ['introspect', 'revocations', 'policy'] },
    exchangeScopes: [],
  },
  payments: {
    audience: 'payments',
    serviceScopes: { auth: ['introspect', 'revocations', 'policy'], catalog: ['catalog:read'] },
    // It may carry a person on to read the catalog: a payment asks for its price there.
    exchangeScopes: ['catalog:read'],
  },
} satisfies Record<string, Partial<NewClient>>;

export type ServiceKey = Readonly<{ clientId: keyof typeof services; jwk: PublicKeyJwk }>;

/** Registers the front end, and the services whose keys are given. Registering again replaces what was there. */
export async function registerClients(queries: AuthQueries, keys: readonly ServiceKey[]): Promise<void> {
  const confidential = keys.map(({ clientId, jwk }): NewClient => ({
    clientId,
    kind: 'confidential',
    publicKeys: [jwk],
    ...services[clientId],
  }));
  await queries
    .insert(clients)
    .values([web, ...confidential])
    .onConflictDoUpdate({
      target: clients.clientId,
      set: {
        kind: sql`excluded.kind`,
        audience: sql`excluded.audience`,
        publicKeys: sql`excluded.public_keys`,
        userScopes: sql`excluded.user_scopes`,
        serviceScopes: sql`excluded.service_scopes`,
        exchangeScopes: sql`excluded.exchange_scopes`,
      },
    });
}
