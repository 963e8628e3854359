import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { authenticateClient, clientMembers } from '../clients/client-authentication.ts';
import { findClientAfterSerial } from '../clients/clients.ts';
import { confirmationFor, tokenTypeOf } from '../proofs/confirmation.ts';
import { keyOfForm } from '../proofs/shown-key.ts';
import { drawSerial } from '../revocation/serials.ts';
import { mintServiceToken } from '../tokens/access-token.ts';
import { grantedScope } from './granted-scope.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm, scopeMember } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

const members = clientMembers.extend({ audience: z.string().max(64), scope: scopeMember.optional() });

/** RFC 6749 §4.4: a service's own token, for one audience. */
export async function grantClientCredentials(authority: Authority, request: OAuthRequest) {
  const { audience, scope: named, ...assertion } = readForm(members, request.form);
  const keyThumbprint = await keyOfForm(authority, request);
  const { clientId } = await authenticateClient(authority, assertion);
  // The serial first: a client that is disabled meanwhile is either seen to be so here, or its cut-off covers the serial.
  const serial = await drawSerial(authority.database);
  const client = await findClientAfterSerial(authority.database, clientId);
  if (client === undefined) throw new OAuthError('invalid_client', 'disabled meanwhile');
  const confirmation = confirmationFor({ client, sender: request.sender, keyThumbprint });
  const scope = grantedScope(client, { grant: 'client_credentials', audience, scope: named });
  const minted = mintServiceToken(authority, { clientId, serial, confirmation }, { audience, scope });
  return {
    access_token: minted.token,
    token_type: tokenTypeOf(confirmation),
    expires_in: minted.expiresInSeconds,
    scope: minted.scope,
  };
}
