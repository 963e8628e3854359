import { isCanonicalCompactJws, transactionVerifier } from '@sallyport/auth';
import { and, eq } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import type { Client } from '../clients/clients.ts';
import { sessions } from '../schema.ts';
import { isLive } from '../sign-in/live-session.ts';
import { readOwnAccessToken, type OwnClaims } from '../tokens/own-token.ts';
import { isActive } from '../tokens/token-status.ts';
import type { TransactionOrigin } from '../tokens/transaction-token.ts';
import { trustDomain } from '../tokens/trust-domain.ts';
import { mayAct } from './may-act.ts';
import { OAuthError } from './oauth-error.ts';

/** A person whom a service carries on, and what of the transaction is fixed already. */
export type ExchangeSubject = Readonly<{
  subject: string;
  session: string;
  /** The client that the person signed in through. */
  sessionClient: string;
  /** What the replaced transaction token says. A first one has none. */
  origin?: TransactionOrigin | undefined;
}>;

/** Workloads in a chain, at most: whoever needs more has a loop, or a design to look at. */
const maxWorkloads = 4;

/** Whoever wants to carry a person on: a client of ours, with the audience that it serves. */
export type Requester = Pick<Client, 'clientId' | 'audience'>;

/**
 * Reads a person's access token, checked as the fresh gate would. It must have been issued for the requester itself: a service cannot
 * exchange a token that it only saw.
 */
export async function readAccessSubject(
  authority: Authority,
  text: string,
  requester: Requester,
): Promise<ExchangeSubject> {
  const claims = await readSubjectClaims(authority, text, requester);
  if (!(await isActive(authority, claims))) throw refused('the subject token is revoked');
  return { subject: claims.sub, session: claims.sid, sessionClient: claims.client_id };
}

/** All of that but the last: whether it is revoked, and its session alive, is for the caller to know. */
export async function readSubjectClaims(
  authority: Authority,
  text: string,
  requester: Requester,
): Promise<OwnClaims & Readonly<{ sid: string }>> {
  const claims = await readOwnAccessToken(authority, text);
  if (claims?.sid === undefined) throw refused('the subject token is no access token of a person');
  if (claims.aud !== requester.audience) throw refused('the subject token is for another audience');
  if (!mayAct(claims.may_act, { clientId: requester.clientId, issuer: authority.issuer }))
    throw refused('the subject token names another actor');
  return { ...claims, sid: claims.sid };
}

/**
 * Reads a transaction token that shall be replaced, for the next service in the chain: signature, type, issuer, trust domain, times as
 * every service checks them, its session, and how long the chain is. Not checked: that it reached the requester by a call, which only
 * the services know; whoever requests has the right to carry people on, and stands in the chain.
 */
export async function readTransactionSubject(
  authority: Authority,
  text: string,
  requester: Client,
): Promise<ExchangeSubject> {
  const { issuer, keys, now } = authority;
  if (!isCanonicalCompactJws(text)) throw refused('the subject token is no transaction token');
  const clock = { epochSeconds: () => Math.floor(now() / 1000), monotonicMs: () => performance.now() };
  const verify = transactionVerifier({ issuer, trustDomain, keys: keys.verification, clock });
  const verified = await verify(text);
  if (verified.outcome === 'unknown') throw new Error('There are no keys to check a token with.');
  if (verified.outcome === 'refused') throw refused(`the transaction token is refused: ${verified.reason}`);
  const { token, transaction } = verified;
  if (transaction.chain.length >= maxWorkloads) throw refused(`the chain is long enough for ${requester.clientId}`);
  const session = await liveSession(authority, token);
  const { id, chain, context } = transaction;
  const origin = { id, chain, context, scope: [...token.scope], expiresAt: token.expiresAt };
  return { subject: token.subject, session: session.sid, sessionClient: session.clientId, origin };
}

async function liveSession(
  { database, now }: Authority,
  { session = '', subject }: Readonly<{ session?: string; subject: string }>,
): Promise<{ sid: string; clientId: string }> {
  const ofToken = and(eq(sessions.sid, session), eq(sessions.subject, subject), isLive(new Date(now())));
  const [found] = await database
    .select({ sid: sessions.sid, clientId: sessions.clientId })
    .from(sessions)
    .where(ofToken);
  if (found === undefined) throw refused('the session of the transaction token is over');
  return found;
}

function refused(detail: string): OAuthError {
  return new OAuthError('invalid_grant', detail);
}
