import type { PropagatedPrincipal } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import type { CatalogReads } from './product-reads.ts';
import type { ProductRules } from './product-rules.ts';
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
 * @throws 403 `transaction_mismatch`, 404 `not_found`, 503 when nobody knows the rules
 */
export async function quote(
  { reads, rules }: Readonly<{ reads: CatalogReads; rules: ProductRules }>,
  principal: PropagatedPrincipal,
  productId: string,
): Promise<Quote> {
  if (principal.transaction.context['product'] !== productId) {
    refuse({ code: 'FORBIDDEN', reason: 'transaction_mismatch', message: 'This transaction is about something else.' });
  }
  const row = await reads.product(productId);
  // Archived products are not for sale, not even to their owner.
  const isOffered = row !== undefined && row.archivedAt === null && rules.may(viewerOf(principal), 'read', row);
  if (!isOffered) return refuseUnseen();
  return { productId, amount: String(row.priceMinor), currency: row.currency, seller: row.ownerSubject };
}
