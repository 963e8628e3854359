import { SignJWT } from 'jose';
import type { Authority } from '../authority.ts';
import { randomId } from '../identifiers.ts';
import { epochSeconds } from '../moments.ts';
import { transactionTokenSeconds } from './token-lifetimes.ts';
import { trustDomain } from './trust-domain.ts';

export type TransactionRequest = Readonly<{
  subject: string;
  /** The session it dies with. */
  session: string;
  scope: readonly string[];
  /** The service that asked, and will carry it. */
  requester: string;
  /** What is being done. Stays the same along the chain. */
  context: Readonly<Record<string, string>>;
}>;

/** A transaction token (draft-ietf-oauth-transaction-tokens): what crosses from service to service for a person. */
export async function mintTransactionToken(authority: Authority, request: TransactionRequest): Promise<string> {
  const { keyId, privateKey } = authority.keys.signing();
  const issuedAt = epochSeconds(new Date(authority.now()));
  return new SignJWT({
    iss: authority.issuer,
    aud: trustDomain,
    iat: issuedAt,
    exp: issuedAt + transactionTokenSeconds,
    txn: randomId(),
    sub: request.subject,
    scope: request.scope.join(' '),
    req_wl: request.requester,
    sid: request.session,
    tctx: request.context,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'txntoken+jwt', kid: keyId })
    .sign(privateKey);
}
