import type { HttpAnswer } from '@sallyport/service';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { authenticateClient, clientMembers } from '../clients/client-authentication.ts';
import { mayAtAuthority, type Client } from '../clients/clients.ts';
import { readOwnAccessToken } from '../tokens/own-token.ts';
import { presentClaims } from '../tokens/token-status.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';
import { asksForSigned, signIntrospection, signedIntrospectionType } from './signed-introspection.ts';

const members = clientMembers.extend({ token: z.string().max(8192), token_type_hint: z.string().max(64).optional() });

/**
 * RFC 7662, for services that do not speak tRPC. The caller is authenticated, and its right checked, before the token
 * is looked at. Every token that is not good *for the caller* is inactive, and no answer says why.
 *
 * Whoever accepts `application/token-introspection+jwt` gets the same answer signed (RFC 9701), to keep or to show.
 */
export async function answerIntrospection(authority: Authority, { form, header }: OAuthRequest): Promise<HttpAnswer> {
  const { token, token_type_hint: _, ...identity } = readForm(members, form);
  const isSigned = asksForSigned(header('accept'));
  const client = await authenticateCaller(authority, identity, isSigned);
  if (!mayAtAuthority(client, 'introspect')) throw new OAuthError('access_denied', 'no right to introspect');
  const answer = await introspect(authority, token, client);
  // The same address answers in two forms.
  const headers = { 'Cache-Control': 'no-store', Vary: 'Accept' };
  if (!isSigned) return { status: 200, headers, json: answer };
  const text = signIntrospection(authority, client.clientId, answer);
  return { status: 200, headers, body: { type: signedIntrospectionType, text } };
}

/** RFC 9701 §5 has 400 where RFC 7662 §2.3 has 401. */
async function authenticateCaller(
  authority: Authority,
  identity: z.output<typeof clientMembers>,
  isSigned: boolean,
): Promise<Client> {
  try {
    return await authenticateClient(authority, identity);
  } catch (error) {
    if (isSigned && error instanceof OAuthError) throw new OAuthError(error.code, error.message, { status: 400 });
    throw error;
  }
}

type Introspected = Readonly<{ active: boolean } & Record<string, unknown>>;

/** A question that no token has: asked for a text that is none of ours, so that it takes as long as one that was. */
const nobodys = { tokenId: '', session: '', subject: '', client: '' };

/** RFC 7662 §4: who tries texts out uses up what the client may ask, twenty times as fast as who holds tokens. */
async function introspect(authority: Authority, token: string, { clientId, audience }: Client): Promise<Introspected> {
  const claims = await readOwnAccessToken(authority, token);
  await authority.throttle.take('introspectionOfClient', clientId, claims === undefined ? 20 : 1);
  if (claims === undefined || claims.aud !== audience) {
    await authority.introspect([nobodys]);
    return { active: false };
  }
  const present = await presentClaims(authority, claims);
  if (present === undefined) return { active: false };
  // RFC 9449 §6.2, RFC 8705 §3.2: with `cnf`, the service sees who alone may present it.
  return { active: true, token_type: present.cnf?.jkt === undefined ? 'Bearer' : 'DPoP', ...present };
}
