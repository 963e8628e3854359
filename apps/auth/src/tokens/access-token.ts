import type { Confirmation } from '@sallyport/auth';
import { SettingsError } from '@sallyport/service';
import type { JWTPayload } from 'jose';
import type { Authority } from '../authority.ts';
import type { Client } from '../clients/clients.ts';
import { newSubject, newTokenId, sessionId } from '../identifiers.ts';
import { earlier, after, epochSeconds } from '../moments.ts';
import type { RolesByAudience } from '../schema.ts';
import type { Session } from '../sign-in/sessions.ts';
import { signToken } from './sign-token.ts';
import { accessTokenSeconds } from './token-lifetimes.ts';

export type Minted = Readonly<{ token: string; expiresInSeconds: number; scope: string }>;

/** What a token is good for: one audience, and scopes and roles there. */
export type Target = Readonly<{ audience: string; scope: readonly string[]; roles?: readonly string[] }>;

type Minting = Pick<Authority, 'issuer' | 'now'> &
  Readonly<{ keys: Pick<Authority['keys'], 'signing'> }> &
  Partial<Pick<Authority, 'restrictions'>>;

/** Bytes of an access token at most: it travels with every request. */
const sizeBudgetBytes = 512;
/** What a binding adds, which nobody can spell shorter: 80 for a key, 87 for a certificate. */
const bindingBytes = 88;

/** What of a session its tokens say. */
type MintedFor = Pick<
  Session,
  'subject' | 'clientId' | 'sid' | 'authTime' | 'acr' | 'absoluteExpiresAt' | 'keyThumbprint'
> &
  Readonly<{
    /** Of the connection, when its client is registered for certificates. */ certificateThumbprint?:
      | string
      | undefined;
  }>;

/** An access token (RFC 9068) of a session, for one audience. It ends with the session at the latest. */
export function mintUserToken(authority: Minting, session: MintedFor, { audience, scope, roles = [] }: Target): Minted {
  const now = new Date(authority.now());
  const issuedAt = epochSeconds(now);
  const expiresAt = epochSeconds(earlier(after(now, lifeOf(authority)), session.absoluteExpiresAt));
  const granted = scope.join(' ');
  const token = signAccessToken(authority, {
    iss: authority.issuer,
    sub: session.subject,
    aud: audience,
    client_id: session.clientId,
    exp: expiresAt,
    iat: issuedAt,
    jti: newTokenId(),
    scope: granted,
    // RFC 9068 §2.2.3.1. Most people have none, and every byte travels with every request.
    ...(roles.length > 0 && { roles }),
    sid: session.sid,
    auth_time: epochSeconds(session.authTime),
    acr: session.acr,
    ...bindingOf(boundTo(session)),
  });
  return { token, expiresInSeconds: expiresAt - issuedAt, scope: granted };
}

function boundTo({ keyThumbprint, certificateThumbprint }: MintedFor): Confirmation {
  return {
    ...(keyThumbprint !== null && { keyThumbprint }),
    ...(certificateThumbprint !== undefined && { certificateThumbprint }),
  };
}

/** `confirmation`: what its token is bound to, if it is. */
type ServiceIdentity = Readonly<{ clientId: string; serial: number; confirmation?: Confirmation }>;

/**
 * A service's own access token (RFC 6749 §4.4): nobody signed in, so it has no session and no authentication time. Its id carries a
 * serial, as a session's does: a cut-off of the client is held against it, and needs no clock.
 */
export function mintServiceToken(
  authority: Minting,
  { clientId, serial, confirmation = {} }: ServiceIdentity,
  { audience, scope }: Target,
): Minted {
  const issuedAt = epochSeconds(new Date(authority.now()));
  const lifeSeconds = lifeOf(authority);
  const granted = scope.join(' ');
  const token = signAccessToken(authority, {
    iss: authority.issuer,
    sub: clientId,
    aud: audience,
    client_id: clientId,
    exp: issuedAt + lifeSeconds,
    iat: issuedAt,
    jti: sessionId(serial),
    scope: granted,
    ...bindingOf(confirmation),
  });
  return { token, expiresInSeconds: lifeSeconds, scope: granted };
}

/** Seconds that a token made now lives: fewer where that is ordered. */
function lifeOf({ restrictions }: Minting): number {
  return Math.min(accessTokenSeconds, restrictions?.current().accessTokenSeconds ?? Infinity);
}

/** The claim `cnf` (RFC 9449 §6.1, RFC 8705 §3.1), where there is something to bind to. */
function bindingOf({ keyThumbprint: jkt, certificateThumbprint: x5t }: Confirmation): JWTPayload {
  if (jkt === undefined && x5t === undefined) return {};
  return { cnf: { ...(jkt !== undefined && { jkt }), ...(x5t !== undefined && { 'x5t#S256': x5t }) } };
}

/**
 * Throws when a token that people will be given is over the budget: with these roles, or with none. To be asked at start and
 * before somebody is given a role: it should not be found out by a person who signs in.
 */
export function assertTokensFit(
  authority: Minting,
  clients: readonly Pick<Client, 'clientId' | 'userScopes'>[],
  roles: RolesByAudience = {},
): void {
  const longest = { subject: newSubject(), sid: sessionId(36 ** 6 - 1), acr: 'aal2', keyThumbprint: null };
  const now = new Date(authority.now());
  for (const { clientId, userScopes } of clients) {
    for (const [audience, scope] of Object.entries(userScopes)) {
      const session = { ...longest, clientId, authTime: now, absoluteExpiresAt: after(now, accessTokenSeconds) };
      mintUserToken(authority, session, { audience, scope, roles: roles[audience] ?? [] });
    }
  }
}

/** Throws when the token would be over its budget: shorten the issuer's address, the audiences or the scopes. */
function signAccessToken({ keys }: Minting, claims: JWTPayload): string {
  const token = signToken(keys, 'at+jwt', claims);
  const budget = claims['cnf'] === undefined ? sizeBudgetBytes : sizeBudgetBytes + bindingBytes;
  if (token.length > budget) {
    throw new SettingsError(
      `An access token for ${String(claims.aud)} would have ${token.length} bytes; the budget is ${budget}. ` +
        'Set ISSUER to a shorter address, or shorten the scopes of its clients.',
    );
  }
  return token;
}
