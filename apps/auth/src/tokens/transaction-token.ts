import type { Authority } from '../authority.ts';
import { randomId } from '../identifiers.ts';
import { epochSeconds } from '../moments.ts';
import { signToken } from './sign-token.ts';
import { transactionTokenSeconds } from './token-lifetimes.ts';
import { trustDomain } from './trust-domain.ts';

/** What stays the same in every token of one transaction, and what no later one may exceed. */
export type TransactionOrigin = Readonly<{
  /** `txn`. */
  id: string;
  /** `req_wl`, in order. */
  chain: readonly string[];
  /** `tctx`. */
  context: Readonly<Record<string, string>>;
  scope: readonly string[];
  /** Epoch seconds. */
  expiresAt: number;
}>;

export type TransactionRequest = Readonly<{
  subject: string;
  /** The session it dies with. */
  session: string;
  scope: readonly string[];
  /** The service that asked, and will carry it. */
  requester: string;
  /** What is being done. Stays the same along the chain. */
  context: Readonly<Record<string, string>>;
  /** The token that this one replaces on the next hop. Absent for a first one. */
  origin?: TransactionOrigin | undefined;
}>;

/**
 * A transaction token (draft-ietf-oauth-transaction-tokens): what crosses from service to service for a person. A replacement keeps the
 * transaction and what is being done, names the new workload behind the others, and ends no later.
 */
export function mintTransactionToken(
  authority: Pick<Authority, 'issuer' | 'keys' | 'now'>,
  { origin, ...request }: TransactionRequest,
): Readonly<{ token: string; expiresInSeconds: number }> {
  const issuedAt = epochSeconds(new Date(authority.now()));
  const expiresAt = Math.min(issuedAt + transactionTokenSeconds, origin?.expiresAt ?? Number.POSITIVE_INFINITY);
  const token = signToken(authority.keys, 'txntoken+jwt', {
    iss: authority.issuer,
    aud: trustDomain,
    iat: issuedAt,
    exp: expiresAt,
    txn: origin?.id ?? randomId(),
    sub: request.subject,
    scope: request.scope.join(' '),
    req_wl: [...(origin?.chain ?? []), request.requester].join(','),
    sid: request.session,
    tctx: request.context,
  });
  return { token, expiresInSeconds: expiresAt - issuedAt };
}
