import type { KeyObject } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { OAuthError } from '../oauth/oauth-error.ts';
import { usedAssertions } from '../schema.ts';
import { clientAssertionSeconds } from '../tokens/token-lifetimes.ts';
import { findAssertionKey } from './assertion-key.ts';
import { findClient, type Client } from './clients.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How a client says who it is, among the members of a form. */
export const clientMembers = z.object({
  client_id: z.string().min(1).max(128).optional(),
  client_assertion_type: z.string().optional(),
  client_assertion: z.string().max(4096).optional(),
});

export type ClientMembers = z.infer<typeof clientMembers>;

const assertionClaims = z.object({
  iss: z.string(),
  sub: z.string(),
  /** One string: an array, or the endpoint's address, lets one authority replay at another what was meant for it. */
  aud: z.string(),
  exp: z.int(),
  iat: z.int().optional(),
  jti: z.string().min(8).max(128),
});

type AssertionClaims = z.infer<typeof assertionClaims>;

/** Seconds that a client's clock may be ahead. */
const clockSkewSeconds = 10;

/**
 * Authenticates a confidential client by `private_key_jwt` (RFC 7523 §3): ES256 by a registered key, `iss` and `sub`
 * the client, `aud` exactly our issuer, at most five minutes, each assertion once. Throws `invalid_client` for anything
 * else.
 */
export async function authenticateClient(authority: Authority, members: ClientMembers): Promise<Client> {
  const { client_assertion: assertion, client_assertion_type: type, client_id: named } = members;
  if (assertion === undefined || type !== assertionType) throw refused('no assertion');
  const { clientId, kid } = readUnverified(assertion);
  if (named !== undefined && named !== clientId) throw refused('client_id and assertion differ');
  const claims = await verify(authority, assertion, await findAssertionKey(authority.database, clientId, kid));
  const client = await findClient(authority.database, clientId);
  if (client?.kind !== 'confidential' || claims.sub !== clientId) throw refused('no such client');
  await authority.throttle.take('formOfClient', clientId);
  await useOnce(authority, claims);
  return client;
}

/**
 * The client of a request that public clients may make as well: a confidential one proves itself, a public one has
 * nothing to prove and only names itself.
 */
export async function identifyClient(authority: Authority, members: ClientMembers): Promise<Client> {
  if (members.client_assertion !== undefined) return authenticateClient(authority, members);
  if (members.client_id === undefined) throw refused('no client');
  const client = await findClient(authority.database, members.client_id);
  if (client?.kind !== 'public') throw refused('not a public client');
  return client;
}

function readUnverified(assertion: string): { clientId: string; kid: string } {
  try {
    const { kid, typ } = decodeProtectedHeader(assertion);
    const { iss } = decodeJwt(assertion);
    const isTyped = typ === undefined || ['jwt', 'client-authentication+jwt'].includes(typ.toLowerCase());
    if (isTyped && typeof kid === 'string' && typeof iss === 'string') return { clientId: iss, kid };
  } catch {
    // Answered below, like every other text that is no assertion.
  }
  throw refused('malformed assertion');
}

async function verify({ issuer, now }: Authority, assertion: string, key: KeyObject): Promise<AssertionClaims> {
  const at = now();
  try {
    const { payload } = await jwtVerify(assertion, key, {
      algorithms: ['ES256'],
      currentDate: new Date(at),
      clockTolerance: 0,
    });
    const claims = assertionClaims.safeParse(payload).data;
    const seconds = at / 1000;
    if (claims === undefined || claims.aud !== issuer || claims.iss !== claims.sub) throw refused('claims');
    if (claims.exp > seconds + clientAssertionSeconds + clockSkewSeconds) throw refused('lives too long');
    if (claims.iat !== undefined && claims.iat > seconds + clockSkewSeconds) throw refused('from the future');
    return claims;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw refused(error.code);
    throw error;
  }
}

/** One row by primary key: of two uses at once, in whatever process, one inserts it. */
async function useOnce({ database }: Authority, claims: AssertionClaims): Promise<void> {
  const used = await database
    .insert(usedAssertions)
    .values({ clientId: claims.sub, assertionId: claims.jti, expiresAt: new Date(claims.exp * 1000) })
    .onConflictDoNothing()
    .returning({ assertionId: usedAssertions.assertionId });
  if (used.length === 0) throw refused('assertion used before');
}

function refused(detail: string): OAuthError {
  return new OAuthError('invalid_client', detail);
}
