import type { Onward, OnwardAccess, Principal } from '@sallyport/auth';
import { denialError } from '@sallyport/auth/trpc';
import type { CatalogRouter } from '@sallyport/catalog/contract';
import { AuthorityRefused, callService, statusOf, type ServiceClient } from '@sallyport/client/service';
import { refuse, type Log } from '@sallyport/service';
import { z } from 'zod';
import { timeToOpenMs } from './fresh-transaction.ts';
import { amountInput, currencyInput } from './money.ts';

/** What the buyer agreed to. Amounts are digits in minor units. */
export type Agreement = Readonly<{ productId: string; amount: string; currency: string }>;

export const agreementInput = z.strictObject({ productId: z.uuid(), amount: amountInput, currency: currencyInput });

const scope = 'catalog:read';

/** How a buyer is carried on to catalog: under a transaction token that freezes product, amount and currency. */
export const toCatalog: OnwardAccess = {
  scope,
  context: (input) => {
    const { data } = agreementInput.safeParse(input);
    return data && { product: data.productId, amount: data.amount, currency: data.currency };
  },
};

/** What catalog says now. `seller` is a subject. */
export type Quote = Agreement & Readonly<{ seller: string }>;

/** Asks in the name of the buyer whose leave it is. See `quotesFrom` for what it throws. */
export type AskQuote = (
  onward: Onward | undefined,
  principal: Principal<'fresh+mfa'>,
  productId: string,
) => Promise<Quote>;

type CatalogParts = Readonly<{
  service: ServiceClient;
  url: string;
  log: Log;
}>;

/**
 * Asks catalog for price and seller, under the transaction token that came with the authority's answer. What crosses: that
 * token, this service's own, the trace, a consistency token, and what is left of the deadline.
 *
 * A buyer of a foreign issuer cannot be carried on: only the house makes transaction tokens, for its own users.
 *
 * @throws 404 `product_not_found`; 401 or 403 when the authority does not vouch for the buyer; 503 for everything that
 *   is not an answer to the question, including a catalog that does not take *us*: that says nothing about the buyer
 */
export function quotesFrom({ service, url, log }: CatalogParts): AskQuote {
  const catalog = callService<CatalogRouter>({ service, url, audience: 'catalog', scope });
  return async (onward, principal, productId) => {
    if (onward === undefined) throw denialError({ reason: 'caller_kind' });
    try {
      const withinMs = (): number => timeToOpenMs(principal);
      return await catalog({ onward, withinMs }).products.quote.query({ productId });
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
