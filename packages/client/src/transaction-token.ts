import type { Trace } from '@sallyport/auth';
import * as z from 'zod';
import { AuthorityUnavailable } from './authority-failure.ts';
import type { TokenEndpoint, TransactionToken } from './token-endpoint.ts';

const transactionTokenType = 'urn:ietf:params:oauth:token-type:txn_token';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** Who the audience of every transaction token is: the services of this house, together. */
const trustDomain = 'sallyport';

export type Exchange = Readonly<{
  /** The user's access token as it reached this service. Never a refresh token, never a service's own token. */
  subjectToken: string;
  /** Within what this service may carry anybody on with, and what the user's client has there. Space-separated. */
  scope: string;
  /** What is being done, frozen as `tctx` for the whole chain: amount, payee, product. */
  context: Readonly<Record<string, string>>;
  /** Of the request that is being served: the authority's part is a part of it. */
  trace?: Trace;
}>;

const opaque = z.string().brand<'TransactionToken'>();

/** A transaction token that reached this service, for which it needs another one to call on in the same transaction. */
export type Replacement = Readonly<{
  /** As it came in the `Txn-Token` header. */
  transaction: string;
  /** Within what that token has, and what this service may carry anybody on with. Space-separated. */
  scope: string;
  trace?: Trace;
}>;

/**
 * Changes the user's access token into a transaction token (RFC 8693 in the profile of
 * draft-ietf-oauth-transaction-tokens). Not cached: each one freezes what its own request is doing.
 *
 * Throws `AuthorityRefused` (`invalid_grant`, `invalid_scope`, `invalid_target` …) when the subject's token or session
 * is over or may not do this, `AuthorityUnavailable` when nobody knows.
 */
export async function exchangeToken(endpoint: TokenEndpoint, exchange: Exchange): Promise<TransactionToken> {
  const members = {
    scope: exchange.scope,
    subject_token: exchange.subjectToken,
    subject_token_type: accessTokenType,
    // The draft's name for what must stay the same along the chain; the authority writes it into `tctx`.
    request_details: Buffer.from(JSON.stringify(exchange.context)).toString('base64url'),
  };
  return askForTransaction(endpoint, members, exchange.trace);
}

/**
 * Changes a transaction token that reached this service into its replacement for the next hop: the same transaction and details, this
 * service behind the others in the chain, no wider scope and no later end. Throws as `exchangeToken` does.
 */
export async function replaceTransaction(endpoint: TokenEndpoint, replaced: Replacement): Promise<TransactionToken> {
  const members = {
    scope: replaced.scope,
    subject_token: replaced.transaction,
    subject_token_type: transactionTokenType,
  };
  return askForTransaction(endpoint, members, replaced.trace);
}

async function askForTransaction(
  endpoint: TokenEndpoint,
  members: Readonly<Record<string, string>>,
  trace: Trace | undefined,
): Promise<TransactionToken> {
  const asked = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: transactionTokenType,
    audience: trustDomain,
    ...members,
  };
  const answer = await endpoint(asked, trace);
  if (answer.issuedTokenType !== transactionTokenType) {
    throw new AuthorityUnavailable('the exchange gave another kind of token than the one asked for');
  }
  return opaque.parse(answer.token);
}
