import type { HttpAnswer } from '@sallyport/service';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { authenticateClient, clientMembers } from '../clients/client-authentication.ts';
import { mayAtAuthority } from '../clients/clients.ts';
import { readOwnAccessToken } from '../tokens/own-token.ts';
import { presentClaims } from '../tokens/token-status.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

const members = clientMembers.extend({ token: z.string().max(8192), token_type_hint: z.string().max(64).optional() });

const inactive: HttpAnswer = { status: 200, headers: { 'Cache-Control': 'no-store' }, json: { active: false } };

/**
 * RFC 7662, for services that do not speak tRPC. The caller is authenticated, and its right checked, before the token
 * is looked at. Every token that is not good *for the caller* is inactive, and no answer says why.
 */
export async function answerIntrospection(authority: Authority, { form }: OAuthRequest): Promise<HttpAnswer> {
  const { token, token_type_hint: _, ...identity } = readForm(members, form);
  const client = await authenticateClient(authority, identity);
  if (!mayAtAuthority(client, 'introspect')) throw new OAuthError('access_denied', 'no right to introspect');
  const claims = await readOwnAccessToken(authority, token);
  if (claims === undefined || claims.aud !== client.audience) return inactive;
  const present = await presentClaims(authority, claims);
  return present === undefined ? inactive : { ...inactive, json: { active: true, token_type: 'Bearer', ...present } };
}
