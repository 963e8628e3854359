import type { HttpAnswer } from '@sallyport/service';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { clientMembers, identifyClient } from '../clients/client-authentication.ts';
import { endFamily } from '../sign-in/token-family.ts';
import { readOwnAccessToken } from '../tokens/own-token.ts';
import { revokeAccessToken } from '../tokens/token-status.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm } from './oauth-forms.ts';

// The hint is not needed (RFC 7009 §2.1: whatever it says, all kinds are searched): an access token has dots, a refresh
// token none.
const members = clientMembers.extend({ token: z.string().max(8192), token_type_hint: z.string().max(64).optional() });

const done: HttpAnswer = { status: 200, headers: { 'Cache-Control': 'no-store' }, json: {} };

/**
 * RFC 7009. A refresh token ends its session, and every access token with it; an access token ends alone. It is done,
 * and in the feed, when the answer leaves. An unknown token is answered like a known one; another client's is refused.
 */
export async function answerRevocation(authority: Authority, form: URLSearchParams): Promise<HttpAnswer> {
  const { token, token_type_hint: _, ...identity } = readForm(members, form);
  const { clientId } = await identifyClient(authority, identity);
  const owner = token.includes('.')
    ? await revokeOwnAccessToken(authority, token, clientId)
    : await endFamily(authority, { refreshToken: token, clientId }, 'revoked by its client');
  if (owner !== undefined && owner !== clientId) throw new OAuthError('invalid_grant', 'the token is another client’s');
  return done;
}

/** Answers whose token it is. An expired one needs no revoking. */
async function revokeOwnAccessToken(
  authority: Authority,
  token: string,
  clientId: string,
): Promise<string | undefined> {
  const claims = await readOwnAccessToken(authority, token);
  if (claims?.client_id === clientId) await revokeAccessToken(authority, claims);
  return claims?.client_id;
}
