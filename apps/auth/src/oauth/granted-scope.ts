import { decideGrant, type ClientRights, type Wanted } from '../clients/client-matrix.ts';
import { OAuthError } from './oauth-error.ts';

export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** What the client matrix grants. Throws its refusal: `unauthorized_client`, `invalid_target` or `invalid_scope`. */
export function grantedScope(client: ClientRights, wanted: Wanted): readonly string[] {
  const decided = decideGrant(client, wanted);
  if (decided.outcome === 'granted') return decided.scope;
  throw new OAuthError(decided.error, `${wanted.grant} for ${wanted.audience}: ${wanted.scope?.join(' ') ?? ''}`);
}
