import { listInput, mineInput, newProduct, productChange, productKey, quoteInput } from './product-input.ts';
import { archiveProduct, createProduct, updateProduct } from './product-writes.ts';
import { quote } from './quote.ts';
import { router, trust } from './trpc.ts';
import { refuseUnseen, viewerOf } from './visibility.ts';

export const catalogRouter = router({
  categories: router({
    list: trust.publicRead().query(({ ctx }) => ctx.reads.categories()),
  }),

  products: router({
    list: trust
      .publicRead()
      .input(listInput)
      .query(({ ctx, input: { category, search, cursor, limit } }) =>
        ctx.reads.page({ category, search }, { cursor, limit }, viewerOf(ctx.principal)),
      ),

    get: trust
      .publicRead()
      .input(productKey)
      .query(async ({ ctx, input }) => (await ctx.reads.product(input.id, viewerOf(ctx.principal))) ?? refuseUnseen()),

    mine: trust
      .authenticatedRead({ scope: 'catalog:read' })
      .input(mineInput)
      .query(({ ctx, input: { cursor, limit } }) =>
        ctx.reads.page({ own: true }, { cursor, limit }, viewerOf(ctx.principal)),
      ),

    create: trust
      .standardWrite({ scope: 'catalog:write' })
      .input(newProduct)
      .mutation(({ ctx, input }) => createProduct(ctx.database, ctx.principal, input)),

    update: trust
      .standardWrite({ scope: 'catalog:write' })
      .input(productChange)
      .mutation(({ ctx, input }) => updateProduct(ctx.database, ctx.principal, input)),

    archive: trust
      .privilegedWrite({ scope: 'catalog:write' })
      .input(productKey)
      .mutation(({ ctx, input }) => archiveProduct(ctx.database, ctx.principal, input.id)),

    quote: trust
      .authenticatedRead({ scope: 'catalog:read', from: 'transaction' })
      .input(quoteInput)
      .query(({ ctx, input }) => quote(ctx.reads, ctx.principal, input.productId)),
  }),
});

export type CatalogRouter = typeof catalogRouter;
