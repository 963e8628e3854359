import { systemClock, type AskAuthority, type Clock, type FeedSource } from '@sallyport/auth';
import { askAuthorityOver } from './ask-authority.ts';
import { openClientAssertions, type ClientIdentity } from './client-assertion.ts';
import { policySourceOver } from './policy-source.ts';
import { revocationSourceOver } from './revocation-source.ts';
import { defaultMaxAnswerBytes, sendingBy, sendingByUndici, type SendRequest } from './send-request.ts';
import { openServiceTokens, type ServiceTokens } from './service-token.ts';
import { openTokenEndpoint, type TransactionToken } from './token-endpoint.ts';
import { exchangeToken, replaceTransaction, type Exchange, type Replacement } from './transaction-token.ts';

export type ServiceClientOptions = ClientIdentity &
  Readonly<{
    /** Where this service reaches the authority, when that is not the issuer's address. */
    authorityUrl?: string | undefined;
    /** Also for calls of other services. Default: the global `fetch`, which keeps connections alive. */
    fetch?: typeof fetch | undefined;
    /** Records the calls that carry on a request's trace, by a `fetch` around that one. Default: nobody does. */
    tracing?: Readonly<{ fetch: (inner: typeof fetch) => typeof fetch }>;
    clock?: Clock;
    /** Milliseconds until the token endpoint counts as silent. Default 2000. */
    answerWithinMs?: number;
    /**
     * The longest answer that is taken, of the authority and of other services, in bytes, and the longest event of its feed. A longer
     * one is an outage. Default 4 MiB.
     */
    maxAnswerBytes?: number;
  }>;

export type ServiceClient = ServiceTokens &
  Readonly<{
    exchange: (exchange: Exchange) => Promise<TransactionToken>;
    /** For a service in the middle of a chain: what it got, changed into what it carries on. */
    replace: (replacement: Replacement) => Promise<TransactionToken>;
    /** Where the authority publishes its keys, and how to get there, for `remoteKeys`. */
    keySetUrl: string;
    fetch: typeof fetch;
    /** For calls that nobody records. */
    send: SendRequest;
    /** For those that carry on a recorded trace. */
    sendRecorded: SendRequest;
    /** For `coalescingAuthority`. */
    authority: AskAuthority;
    /** For `followRevocations`. */
    feed: FeedSource;
    /** For `followPolicy`. */
    policy: (signal: AbortSignal) => Promise<unknown>;
  }>;

/**
 * A service's line to the authority: its own tokens, transaction tokens, introspection, rules, and the revocation feed.
 * Throws at once when the key is unusable; opens no connection before it is asked something.
 *
 * Endpoints follow from the issuer (`/oauth/token`, `/oauth/jwks`, `/trpc`) instead of being discovered (RFC 8414): the authority is part of
 * the same house, and a service that starts while the authority is down must still start, and then catch up. For somebody else's
 * issuer, discovery and RFC 7662 belong in an `AskAuthority` of their own.
 */
export function openServiceClient(options: ServiceClientOptions): ServiceClient {
  const { issuer, authorityUrl = issuer, clock = systemClock, answerWithinMs = 2000 } = options;
  const { maxAnswerBytes = defaultMaxAnswerBytes } = options;
  const plainFetch = options.fetch ?? fetch;
  const doFetch = options.tracing?.fetch(plainFetch) ?? plainFetch;
  const base = authorityUrl.replace(/\/$/, '');
  const sendRecorded = sendingBy(doFetch, maxAnswerBytes);
  const endpoint = openTokenEndpoint({
    url: `${base}/oauth/token`,
    send: sendRecorded,
    assert: openClientAssertions(options, clock.epochSeconds),
    answerWithinMs,
  });
  const tokens = openServiceTokens(endpoint, clock.monotonicMs);
  const send = options.fetch ? sendingBy(options.fetch, maxAnswerBytes) : sendingByUndici(maxAnswerBytes);
  const authority = { tokens, endpoint: { url: authorityUrl, fetch: doFetch }, send };
  return {
    ...tokens,
    keySetUrl: `${base}/oauth/jwks`,
    fetch: doFetch,
    send,
    sendRecorded,
    exchange: (exchange) => exchangeToken(endpoint, exchange),
    replace: (replacement) => replaceTransaction(endpoint, replacement),
    authority: askAuthorityOver({
      url: authorityUrl,
      tokens,
      // Many requests' questions in one: it is of no single trace.
      send,
    }),
    feed: revocationSourceOver({ ...authority, maxEventLength: maxAnswerBytes }),
    policy: policySourceOver(authority),
  };
}
