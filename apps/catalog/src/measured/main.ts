import { startService } from '@sallyport/service';
import { openCatalogParts } from '../catalog-parts.ts';
import { productKey } from '../product-input.ts';
import { productRules } from '../product-rules.ts';
import { catalogRouter } from '../router.ts';
import { seenProduct } from '../seen-product.ts';
import { serveCatalog } from '../serve-catalog.ts';
import { router, trust } from '../trpc.ts';
import { heldProduct } from './held-product.ts';

// Catalog for the benchmark: reading a product stands behind both gates that a read can have, and one product is held in memory, so
// that one can see what a request costs beside the database. All else is catalog as it is.

const measuredRouter = router({
  products: router({
    list: catalogRouter.products.list,
    get: catalogRouter.products.get,
    getSignedIn: trust
      .authenticatedRead({ scope: 'catalog:read' })
      .input(productKey)
      .query(({ ctx, input }) =>
        seenProduct({ reads: ctx.reads, rules: productRules(ctx.request.policy) }, ctx.principal, input.id),
      ),
  }),
});

await startService('catalog', async () => {
  const parts = await openCatalogParts();
  const { product } = parts.reads;
  const held = new Map([[heldProduct.id, heldProduct]]);
  const reads = { ...parts.reads, product: async (id: string) => held.get(id) ?? product(id) };
  return serveCatalog({ ...parts, reads }, measuredRouter);
});
