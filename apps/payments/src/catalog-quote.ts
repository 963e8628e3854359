import type { Principal, RequestContext } from '@sallyport/auth';
import { denialError } from '@sallyport/auth/trpc';
import type { CatalogRouter } from '@sallyport/catalog/contract';
import { AuthorityRefused, callService, statusOf, type ServiceClient } from '@sallyport/client/service';
import { refuse, type Log } from '@sallyport/service';
import { timeToOpenMs } from './fresh-transaction.ts';

/** What the buyer agreed to. Amounts are digits in minor units. */
export type Agreement = Readonly<{ productId: string; amount: string; currency: string }>;

/** What catalog says now. `seller` is a subject. */
export type Quote = Agreement & Readonly<{ seller: string }>;

/** Asks in the name of the buyer whose request it is. See `quotesFrom` for what it throws. */
export type AskQuote = (
  request: RequestContext,
  principal: Principal<'fresh+mfa'>,
  agreement: Agreement,
) => Promise<Quote>;

type CatalogParts = Readonly<{
  service: ServiceClient;
  /** The house's own issuer. */ issuer: string;
  url: string;
  log: Log;
}>;

const scope = 'catalog:read';

/**
 * Asks catalog for price and seller, under a transaction token that freezes product, amount and currency. What crosses: that
 * token, this service's own, the trace, a consistency token, and what is left of the deadline.
 *
 * A buyer of a foreign issuer cannot be carried on: only the house makes transaction tokens, for its own users.
 *
 * @throws 404 `product_not_found`; 401 or 403 when the authority does not vouch for the buyer; 503 for everything that
 *   is not an answer to the question, including a catalog that does not take *us*: that says nothing about the buyer
 */
export function quotesFrom({ service, issuer, url, log }: CatalogParts): AskQuote {
  const catalog = callService<CatalogRouter>({ service, url, audience: 'catalog', scope });
  return async (request, principal, agreement) => {
    if (principal.issuer !== issuer) throw denialError({ reason: 'caller_kind' });
    const { productId, amount, currency } = agreement;
    const remainingMs = (): number => Math.min(request.remainingMs(), timeToOpenMs(principal));
    const { trace, signal, consistency } = request;
    try {
      const transaction = await service.exchange({
        subjectToken: tokenOf(request),
        scope,
        context: { product: productId, amount, currency },
        trace,
      });
      return await catalog({ request: { trace, signal, consistency, remainingMs }, transaction }).products.quote.query({
        productId,
      });
    } catch (error) {
      return refuseWithoutQuote(error, log);
    }
  };
}

function refuseWithoutQuote(error: unknown, log: Log): never {
  if (error instanceof AuthorityRefused && error.error === 'invalid_grant') throw denialError({ reason: 'revoked' });
  if (error instanceof AuthorityRefused && error.error === 'invalid_scope')
    throw denialError({ reason: 'scope_missing', scope });
  if (statusOf(error) === 404) {
    refuse({ code: 'NOT_FOUND', reason: 'product_not_found', message: 'There is no such product.' });
  }
  log.warn({ err: error }, 'no quote');
  refuse({
    code: 'SERVICE_UNAVAILABLE',
    reason: 'temporarily_unavailable',
    message: 'The price cannot be asked right now. Try again shortly.',
  });
}

// A principal was admitted, so there is a token; the gates do not hand it out, and it goes nowhere but to the authority.
function tokenOf({ authorization }: RequestContext): string {
  if (authorization.kind !== 'token') throw new Error('An admitted request has no token.');
  return authorization.token;
}
