import { and, eq, gt } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import type { Caller } from '../caller.ts';
import { findClient } from '../clients/clients.ts';
import { hashSecret } from '../identifiers.ts';
import { isBoundAsRegistered } from '../proofs/shown-key.ts';
import { hasSecondFactor } from '../second-factor/factors.ts';
import { startSession } from '../sign-in/sessions.ts';
import { mintTokenSet, type TokenSet } from '../sign-in/token-set.ts';
import { accountOf } from './accounts-of-identities.ts';
import { proofOf } from './assurance.ts';
import { confirmLink } from './confirm-link.ts';
import { providerResults } from './identity-tables.ts';
import { meetsChallenge } from './one-time-code.ts';

export type ProviderResult = typeof providerResults.$inferSelect;

/** What a front end brings: the code from its address, and the verifier that it kept. */
export type Presented = Readonly<{ code: string; verifier: string }>;

/**
 * Who came back from a provider, for the front end that sent them there: the code is spent whether or not the verifier fits, so that
 * a code that was stolen cannot be tried twice. `undefined` for every code that is not good, whatever is wrong with it.
 */
export async function takeResult(
  { database, now }: Authority,
  { code, verifier }: Presented,
): Promise<ProviderResult | undefined> {
  const [result] = await database
    .delete(providerResults)
    .where(and(eq(providerResults.codeHash, hashSecret(code)), gt(providerResults.expiresAt, new Date(now()))))
    .returning();
  return result !== undefined && meetsChallenge(verifier, result.challenge) ? result : undefined;
}

export type SignInBy = Presented & Readonly<{ clientId: string; caller: Caller; keyThumbprint?: string | undefined }>;

export type Completed =
  | Readonly<{ outcome: 'signed in'; tokens: TokenSet }>
  | Readonly<{ outcome: 'unknown code' | 'not linked' | 'unbound' }>;

/** Begins the session of somebody who came back from a provider. A disabled account is answered like a code that is not good. */
export async function completeSignIn(authority: Authority, signIn: SignInBy): Promise<Completed> {
  const { clientId, caller, keyThumbprint } = signIn;
  const client = await findClient(authority.database, clientId);
  // Before the code is spent: a client that forgot its proof asks again.
  if (client !== undefined && !isBoundAsRegistered(client, keyThumbprint)) return { outcome: 'unbound' };
  const result = await takeResult(authority, signIn);
  if (result === undefined || result.linkingSession !== null) return { outcome: 'unknown code' };
  if (client?.kind !== 'public' || result.clientId !== clientId) return { outcome: 'unknown code' };
  // A provider that was taken out of the configuration meanwhile is believed no longer.
  const settings = authority.providers.get(result.provider)?.settings;
  if (settings === undefined || settings.issuer !== result.issuer) return { outcome: 'unknown code' };
  const account = await accountOf(authority, result, settings.newAccounts);
  if (account.outcome === 'not linked') return { outcome: 'not linked' };
  if (account.outcome === 'disabled') return { outcome: 'unknown code' };
  const { subject } = account;
  const proof = proofOf(result, await hasSecondFactor(authority, subject));
  const started = await startSession(authority, { subject, clientId, proof, caller, keyThumbprint });
  if (!(await confirmLink(authority, started.session, result))) return { outcome: 'unknown code' };
  return { outcome: 'signed in', tokens: await mintTokenSet(authority, client, started) };
}
