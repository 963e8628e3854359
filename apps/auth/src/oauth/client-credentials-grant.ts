import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { authenticateClient, clientMembers } from '../clients/client-authentication.ts';
import { findClientAfterSerial } from '../clients/clients.ts';
import { drawSerial } from '../revocation/serials.ts';
import { mintServiceToken } from '../tokens/access-token.ts';
import { grantedScope } from './granted-scope.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm, scopeMember } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

const members = clientMembers.extend({ audience: z.string().max(64), scope: scopeMember.optional() });

/** RFC 6749 §4.4: a service's own token, for one audience. */
export async function grantClientCredentials(authority: Authority, { form }: OAuthRequest) {
  const { audience, scope: named, ...identity } = readForm(members, form);
  const { clientId } = await authenticateClient(authority, identity);
  // The serial first: a client that is disabled meanwhile is either seen to be so here, or its cut-off covers the serial.
  const serial = await drawSerial(authority.database);
  const client = await findClientAfterSerial(authority.database, clientId);
  if (client === undefined) throw new OAuthError('invalid_client', 'disabled meanwhile');
  const scope = grantedScope(client, { grant: 'client_credentials', audience, scope: named });
  const minted = await mintServiceToken(authority, { clientId, serial }, { audience, scope });
  return { access_token: minted.token, token_type: 'Bearer', expires_in: minted.expiresInSeconds, scope: minted.scope };
}
