import type { Confirmation } from '@sallyport/auth';
import type { Client } from '../clients/clients.ts';
import { OAuthError } from '../oauth/oauth-error.ts';
import type { OAuthRequest } from '../oauth/oauth-request.ts';
import { isBoundAsRegistered } from './shown-key.ts';

type Asking = Readonly<{
  client: Pick<Client, 'senderConstraint'>;
  sender: OAuthRequest['sender'];
  /** Of the key that the request proved to have, if it did: `keyOfForm`. */
  keyThumbprint: string | undefined;
}>;

/**
 * What the tokens that a client asks for are bound to: the key that it has proven, and the certificate of its connection, when it is
 * registered for certificates (RFC 8705 §3). Empty for a client that shows nothing and need not.
 * @throws OAuthError when it has not shown what it is registered for: it gets no token that others could use
 */
export function confirmationFor({ client, sender, keyThumbprint }: Asking): Confirmation {
  if (!isBoundAsRegistered(client, keyThumbprint)) throw new OAuthError('invalid_dpop_proof', 'no proof');
  const { certificateThumbprint } = sender;
  const byCertificate = client.senderConstraint === 'mtls';
  if (byCertificate && certificateThumbprint === undefined) throw new OAuthError('invalid_request', 'no certificate');
  return {
    ...(keyThumbprint !== undefined && { keyThumbprint }),
    ...(byCertificate && certificateThumbprint !== undefined && { certificateThumbprint }),
  };
}

/** How a token that is bound to this goes into a request: a certificate changes nothing about that (RFC 8705 §3). */
export function tokenTypeOf({ keyThumbprint }: Confirmation): 'Bearer' | 'DPoP' {
  return keyThumbprint === undefined ? 'Bearer' : 'DPoP';
}
