import type { PropagatedPrincipal } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import type { CatalogReads } from './product-reads.ts';
import { refuseUnseen, viewerOf } from './visibility.ts';

export type Quote = Readonly<{
  productId: string;
  /** Minor units of `currency`, as digits. */
  amount: string;
  currency: string;
  /** Subject of the one who is to be paid. */
  seller: string;
}>;

/**
 * The price of the one product that the transaction is about, as the user who pays may see it. A token that froze another
 * product, or none, buys no answer: a service cannot read the catalog at large in a user's name with it.
 *
 * Not checked: the amount that was frozen. Whoever moves the money compares it with this answer.
 * @throws 403 `transaction_mismatch`, 404 `not_found`
 */
export async function quote(reads: CatalogReads, principal: PropagatedPrincipal, productId: string): Promise<Quote> {
  if (principal.transaction.context['product'] !== productId) {
    refuse({ code: 'FORBIDDEN', reason: 'transaction_mismatch', message: 'This transaction is about something else.' });
  }
  const offer = await reads.offer(productId, viewerOf(principal));
  if (offer === undefined) return refuseUnseen();
  return { productId, amount: String(offer.priceMinor), currency: offer.currency, seller: offer.seller };
}
