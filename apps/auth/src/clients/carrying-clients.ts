import type { ReadRows } from '../introspection/read-rows.ts';
import type { Client } from './clients.ts';

/** What of a client counts when people are carried on: as the one who carries, and as the one that they signed in through. */
export type CarryingClient = Pick<
  Client,
  'clientId' | 'audience' | 'grants' | 'userScopes' | 'serviceScopes' | 'exchangeTargets'
>;

/** Those of the named clients that are registered and enabled, by their ids. */
export type FindCarryingClients = (clientIds: readonly string[]) => Promise<ReadonlyMap<string, CarryingClient>>;

/**
 * By one prepared statement on the connection of introspection, beside whose question it is asked: every payment waits for both. Each
 * call reads anew.
 */
export function prepareCarryingClients(readRows: ReadRows): FindCarryingClients {
  return async (clientIds) => {
    const rows = await readRows<CarryingClient>({
      name: 'carrying-clients',
      text: `SELECT client_id AS "clientId", audience, grants, user_scopes AS "userScopes",
        service_scopes AS "serviceScopes", exchange_targets AS "exchangeTargets"
        FROM clients WHERE client_id = ANY($1::text[]) AND enabled`,
      values: [clientIds],
    });
    return new Map(rows.map((client) => [client.clientId, client]));
  };
}
