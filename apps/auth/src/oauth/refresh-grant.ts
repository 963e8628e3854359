import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { clientMembers, identifyClient } from '../clients/client-authentication.ts';
import { isBoundAsRegistered, keyOfForm } from '../proofs/shown-key.ts';
import { noteUse } from '../risk/suspicion.ts';
import { rolesOf } from '../sign-in/roles.ts';
import { refreshSession } from '../sign-in/token-family.ts';
import { mintUserToken } from '../tokens/access-token.ts';
import { grantedScope } from './granted-scope.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm, scopeMember } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

const members = clientMembers.extend({
  refresh_token: z.string().max(512),
  /** One audience (RFC 8707): an access token is good at one service. */
  resource: z.string().max(64),
  scope: scopeMember.optional(),
});

/** RFC 6749 §6. What may not be granted is refused before the token is spent. */
export async function grantRefresh(authority: Authority, request: OAuthRequest) {
  const { form, caller } = request;
  const { refresh_token: refreshToken, resource: audience, scope: named, ...identity } = readForm(members, form);
  const keyThumbprint = await keyOfForm(authority, request);
  const client = await identifyClient(authority, identity);
  if (!isBoundAsRegistered(client, keyThumbprint)) throw new OAuthError('invalid_dpop_proof', 'no proof');
  const scope = grantedScope(client, { grant: 'refresh_token', audience, scope: named });
  const rotated = await refreshSession(authority, { refreshToken, clientId: client.clientId, keyThumbprint });
  if (rotated === undefined) throw new OAuthError('invalid_grant', 'not the tip of a living family');
  const session = await noteUse(authority, rotated.session, { caller, isProven: false });
  const roles = (await rolesOf(authority.database, session.subject))[audience] ?? [];
  const minted = mintUserToken(authority, session, { audience, scope, roles });
  return {
    access_token: minted.token,
    token_type: rotated.session.keyThumbprint === null ? 'Bearer' : 'DPoP',
    expires_in: minted.expiresInSeconds,
    scope: minted.scope,
    refresh_token: rotated.refreshToken.text,
  };
}
