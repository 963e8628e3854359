import { hopHeaders, makeConsistencyToken } from '@sallyport/auth';
import type { HttpAnswer } from '@sallyport/service';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { clientMembers, identifyClient } from '../clients/client-authentication.ts';
import { lastPosition } from '../revocation/revocation-outbox.ts';
import { endFamily, type Revoked } from '../sign-in/token-family.ts';
import { readOwnAccessToken } from '../tokens/own-token.ts';
import { revokeAccessToken } from '../tokens/token-status.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

// The hint is not needed (RFC 7009 §2.1: whatever it says, all kinds are searched): an access token has dots, a refresh
// token none.
const members = clientMembers.extend({ token: z.string().max(8192), token_type_hint: z.string().max(64).optional() });

/**
 * RFC 7009. A refresh token ends its session, and every access token with it; an access token ends alone. It is done,
 * and in the feed, when the answer leaves. An unknown token is answered like a known one; another client's is refused.
 * The answer hands out a consistency token: whoever presents it is not answered from a state before the revocation.
 */
export async function answerRevocation(authority: Authority, { form }: OAuthRequest): Promise<HttpAnswer> {
  const { token, token_type_hint: _, ...identity } = readForm(members, form);
  const { clientId } = await identifyClient(authority, identity);
  const { owner, position } = token.includes('.')
    ? await revokeOwnAccessToken(authority, token, clientId)
    : await endFamily(
        authority,
        { refreshToken: token, clientId },
        { because: 'revoked by its client', actor: `client:${clientId}` },
      );
  if (owner !== undefined && owner !== clientId) throw new OAuthError('invalid_grant', 'the token is another client’s');
  const headers = { 'Cache-Control': 'no-store', [hopHeaders.consistency]: makeConsistencyToken(position) };
  return { status: 200, headers, json: {} };
}

/** An expired one needs no revoking. */
async function revokeOwnAccessToken(authority: Authority, token: string, clientId: string): Promise<Revoked> {
  const claims = await readOwnAccessToken(authority, token);
  const position = await (claims?.client_id === clientId
    ? revokeAccessToken(authority, claims)
    : lastPosition(authority.database));
  return { owner: claims?.client_id, position };
}
