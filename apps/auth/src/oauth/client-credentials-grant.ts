import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { authenticateClient, clientMembers } from '../clients/client-authentication.ts';
import { mintServiceToken } from '../tokens/access-token.ts';
import { OAuthError } from './oauth-error.ts';
import { grantScope, readForm, scopeMember } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

const members = clientMembers.extend({ audience: z.string().max(64), scope: scopeMember.optional() });

/** RFC 6749 §4.4: a service's own token, for one audience. */
export async function grantClientCredentials(authority: Authority, { form }: OAuthRequest) {
  const { audience, scope, ...identity } = readForm(members, form);
  const client = await authenticateClient(authority, identity);
  const allowed = client.serviceScopes[audience];
  if (allowed === undefined) throw new OAuthError('invalid_target', audience);
  const minted = await mintServiceToken(authority, client.clientId, { audience, scope: grantScope(allowed, scope) });
  return { access_token: minted.token, token_type: 'Bearer', expires_in: minted.expiresInSeconds, scope: minted.scope };
}
