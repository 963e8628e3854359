import { trustDomain } from '../tokens/trust-domain.ts';
import type { Client } from './clients.ts';

/** The ways to a token at the token endpoint, by their `grant_type`. */
export const grants = [
  'client_credentials',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:token-exchange',
] as const;

export type Grant = (typeof grants)[number];

/** What a client has been given: the whole matrix, as one row of it. */
export type ClientRights = Pick<Client, 'grants' | 'userScopes' | 'serviceScopes' | 'exchangeTargets'>;

export type Wanted = Readonly<{
  grant: Grant;
  /** Where the token shall be good: a service, or the trust domain for a transaction token. */
  audience: string;
  /** Without it: all that may be had there. */
  scope?: readonly string[] | undefined;
}>;

export type Granted =
  | Readonly<{ outcome: 'granted'; scope: readonly string[] }>
  | Readonly<{ outcome: 'refused'; error: 'unauthorized_client' | 'invalid_target' | 'invalid_scope' }>;

/** Which of a client's rights a grant goes by. */
const rightsOf = {
  client_credentials: 'serviceScopes',
  refresh_token: 'userScopes',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'exchangeTargets',
} as const satisfies Record<Grant, keyof ClientRights>;

/**
 * The client matrix: whether this client gets a token by this grant, for this audience, with this scope. Exactly what was
 * named, or nothing: a token with less than was asked for would only fail later. Pure.
 *
 * Not decided here: who the client is, and for an exchange what the person may be carried on with (`personsScope`).
 */
export function decideGrant(client: ClientRights, { grant, audience, scope: named }: Wanted): Granted {
  if (!client.grants.includes(grant)) return { outcome: 'refused', error: 'unauthorized_client' };
  const rights = client[rightsOf[grant]];
  // Only its own members: an audience called `constructor` has no scopes.
  const allowed = Object.hasOwn(rights, audience) ? rights[audience] : undefined;
  if (allowed === undefined) return { outcome: 'refused', error: 'invalid_target' };
  if (named === undefined) return { outcome: 'granted', scope: allowed };
  const isWithin = named.every((scope) => allowed.includes(scope));
  return isWithin ? { outcome: 'granted', scope: named } : { outcome: 'refused', error: 'invalid_scope' };
}

/**
 * What a person who signed in through this client can be carried on with to an audience: what they have there themselves; in the
 * whole trust domain, what they have anywhere. Pure.
 */
export function personsScope(sessionClient: Pick<ClientRights, 'userScopes'>, audience: string): readonly string[] {
  if (audience === trustDomain) return Object.values(sessionClient.userScopes).flat();
  return Object.hasOwn(sessionClient.userScopes, audience) ? (sessionClient.userScopes[audience] ?? []) : [];
}

/** Whether a person who signed in through this client has all of that scope there, so that a service may carry them on with it. Pure. */
export function carriesOn(
  sessionClient: Pick<ClientRights, 'userScopes'>,
  { audience, scope }: Readonly<{ audience: string; scope: readonly string[] }>,
): boolean {
  const persons = personsScope(sessionClient, audience);
  return scope.every((one) => persons.includes(one));
}
