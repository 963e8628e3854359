import type { DenialReason, RequestContext } from '@sallyport/auth';
import { denialError } from '@sallyport/auth/trpc';
import type { Authority } from '../authority.ts';
import type { Client } from '../clients/clients.ts';
import { OAuthError } from '../oauth/oauth-error.ts';
import type { OAuthRequest } from '../oauth/oauth-request.ts';

/** The key that a request proved to have (RFC 9449 §5), or why its proof is not accepted. */
type Shown =
  | Readonly<{ keyThumbprint: string | undefined }>
  | Readonly<{ reason: DenialReason; nonce?: string | undefined }>;

type Showing = Readonly<{ values: readonly string[]; sender: RequestContext['sender'] }>;

async function readShown({ proofs }: Authority, { values, sender }: Showing): Promise<Shown> {
  if (values.length === 0) return { keyThumbprint: undefined };
  if (sender === undefined) return { reason: 'proof_url' };
  const answer = await proofs.verify(values, sender);
  if (answer.outcome === 'proven') return { keyThumbprint: answer.keyThumbprint };
  return answer.outcome === 'refused' ? answer : { reason: answer.reason };
}

/**
 * The thumbprint of the key that an OAuth request proves to have; `undefined` without a `DPoP` header. To be asked before anything
 * is spent: a client that lacks a nonce sends its request again.
 * @throws OAuthError `invalid_dpop_proof`, or `use_dpop_nonce` with one (RFC 9449 §5, §8)
 */
export async function keyOfForm(authority: Authority, { header, sender }: OAuthRequest): Promise<string | undefined> {
  const shown = await readShown(authority, { values: header('DPoP'), sender });
  if ('keyThumbprint' in shown) return shown.keyThumbprint;
  if (shown.reason === 'proof_replays_unknown') throw new Error('Nobody can say whether the proof was used.');
  const { nonce } = shown;
  if (nonce !== undefined) throw new OAuthError('use_dpop_nonce', 'the proof needs a nonce', { proofNonce: nonce });
  throw new OAuthError('invalid_dpop_proof', shown.reason);
}

/** The same for a call over tRPC, with the words of the gates. */
export async function keyOfCall(authority: Authority, { proofs, sender }: RequestContext): Promise<string | undefined> {
  const shown = await readShown(authority, { values: proofs, sender });
  if ('keyThumbprint' in shown) return shown.keyThumbprint;
  const { reason, nonce } = shown;
  throw denialError({ reason, scheme: 'DPoP', ...(nonce !== undefined && { nonce }) });
}

/** Whether a client gets a token for this key, or for none: one that is registered for bound tokens gets no others. */
export function isBoundAsRegistered(
  { senderConstraint }: Pick<Client, 'senderConstraint'>,
  key: string | undefined | null,
): boolean {
  return senderConstraint !== 'dpop' || (key !== undefined && key !== null);
}
