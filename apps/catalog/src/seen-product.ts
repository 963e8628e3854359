import type { Principal } from '@sallyport/auth';
import type { CatalogReads } from './product-reads.ts';
import type { ProductRules } from './product-rules.ts';
import { productOf, type Product } from './product-view.ts';
import { refuseUnseen, viewerOf } from './visibility.ts';

/**
 * One product, as whoever asks may see it.
 * @throws 404 `not_found`, also for what is there and not for their eyes
 */
export async function seenProduct(
  { reads, rules }: Readonly<{ reads: CatalogReads; rules: ProductRules }>,
  principal: Principal | undefined,
  id: string,
): Promise<Product> {
  const viewer = viewerOf(principal);
  const row = await reads.product(id);
  const isSeen = row !== undefined && rules.may(viewer, 'read', row);
  return isSeen ? productOf(row, viewer) : refuseUnseen();
}
