import type { ScopesByAudience } from '../schema.ts';
import type { Client } from './clients.ts';

type Held = Pick<
  Client,
  'audience' | 'senderConstraint' | 'publicKeys' | 'grants' | 'userScopes' | 'serviceScopes' | 'exchangeTargets'
>;

/**
 * Whether a change takes anything from a client that tokens which are out may rest on: a scope, a grant, its audience, a
 * key that may have proven the wrong one, or the way in which they are bound. Pure.
 */
export function takesAway(before: Held, after: Held): boolean {
  const keptKeys = new Set(after.publicKeys.map(({ kid, x, y }) => `${kid} ${x} ${y}`));
  return (
    (before.audience !== null && before.audience !== after.audience) ||
    before.senderConstraint !== after.senderConstraint ||
    before.publicKeys.some(({ kid, x, y }) => !keptKeys.has(`${kid} ${x} ${y}`)) ||
    before.grants.some((grant) => !after.grants.includes(grant)) ||
    narrows(before.userScopes, after.userScopes) ||
    narrows(before.serviceScopes, after.serviceScopes) ||
    narrows(before.exchangeTargets, after.exchangeTargets)
  );
}

function narrows(before: ScopesByAudience, after: ScopesByAudience): boolean {
  return Object.entries(before).some(([audience, scopes]) => {
    const kept = Object.hasOwn(after, audience) ? after[audience] : undefined;
    return kept === undefined || scopes.some((scope) => !kept.includes(scope));
  });
}
