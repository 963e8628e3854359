import type { Client } from './clients.ts';

/** What of a client counts when people are carried on: as the one who carries, and as the one that they signed in through. */
export type CarryingClient = Pick<
  Client,
  'clientId' | 'audience' | 'grants' | 'userScopes' | 'serviceScopes' | 'exchangeTargets'
>;

/**
 * In SQL, all that is said of a client as one JSON value: a subquery of introspection, so that who is asked about and who carries them on
 * are seen at one moment, and asked for in one go. Only a client that is enabled is one.
 */
export const carryingClients = `
  SELECT json_agg(json_build_object('clientId', client_id, 'audience', audience, 'grants', grants, 'userScopes', user_scopes,
    'serviceScopes', service_scopes, 'exchangeTargets', exchange_targets))
  FROM clients WHERE enabled AND client_id`;
