import type { Onward, Principal } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import type { Agreement } from './catalog-quote.ts';
import { pay, paymentMade } from './ledger.ts';
import type { Receipt } from './receipt.ts';
import type { Context } from './trpc.ts';

/**
 * Buys a product at the price the buyer agreed to, or not at all.
 *
 * 1. A payment that was made with this key is answered as it was, whatever the price is now.
 * 2. Catalog is asked for price and seller. It is asked before the transaction, so that no lock waits for the network.
 * 3. The ledger pays.
 *
 * @throws 409 `price_changed`, and what `quotesFrom` and `pay` throw
 */
export async function purchase(
  { database, askQuote, onward }: Pick<Context, 'database' | 'askQuote'> & Readonly<{ onward: Onward | undefined }>,
  principal: Principal<'fresh+mfa'>,
  order: Agreement & Readonly<{ idempotencyKey: string }>,
): Promise<Receipt> {
  const made = await paymentMade(database, principal, order);
  if (made !== undefined) return made;
  const quote = await askQuote(onward, principal, order.productId);
  if (quote.amount !== order.amount || quote.currency !== order.currency) {
    refuse({
      code: 'CONFLICT',
      reason: 'price_changed',
      message: 'The price is not the one that was agreed. Show the buyer the new one and ask again.',
    });
  }
  return pay(database, principal, { ...order, seller: quote.seller });
}
