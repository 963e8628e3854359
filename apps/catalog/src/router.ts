import { listInput, mineInput, newProduct, productChange, productKey, quoteInput } from './product-input.ts';
import { productRules, publicRules } from './product-rules.ts';
import { archiveProduct, createProduct, restoreProduct, updateProduct, type Writing } from './product-writes.ts';
import { quote } from './quote.ts';
import { seenProduct } from './seen-product.ts';
import { router, trust, type Context } from './trpc.ts';
import { viewerOf } from './visibility.ts';

export const catalogRouter = router({
  categories: router({
    list: trust.publicRead().query(({ ctx }) => ctx.reads.categories()),
  }),

  products: router({
    list: trust
      .publicRead()
      .input(listInput)
      .query(({ ctx, input: { category, search, cursor, limit } }) => {
        const viewer = viewerOf(ctx.principal);
        const visible = publicRules(ctx.request.policy).which(viewer, 'read');
        return ctx.reads.page({ category, search }, { cursor, limit }, { viewer, visible });
      }),

    get: trust
      .publicRead()
      .input(productKey)
      .query(({ ctx, input }) =>
        seenProduct({ reads: ctx.reads, rules: publicRules(ctx.request.policy) }, ctx.principal, input.id),
      ),

    mine: trust
      .authenticatedRead({ scope: 'catalog:read' })
      .input(mineInput)
      .query(({ ctx, input: { cursor, limit } }) => {
        const visible = productRules(ctx.request.policy).which(ctx.principal, 'read');
        return ctx.reads.page({ own: true }, { cursor, limit }, { viewer: ctx.principal, visible });
      }),

    create: trust
      .standardWrite({ scope: 'catalog:write' })
      .input(newProduct)
      .mutation(({ ctx, input }) => createProduct(ctx.database, ctx.principal, input)),

    update: trust
      .standardWrite({ scope: 'catalog:write' })
      .input(productChange)
      .mutation(({ ctx, input }) => updateProduct(writingOf(ctx), ctx.principal, input)),

    archive: trust
      .privilegedWrite({ scope: 'catalog:write' })
      .input(productKey)
      .mutation(({ ctx, input }) => archiveProduct(writingOf(ctx), ctx.principal, input.id)),

    restore: trust
      .privilegedWrite({ scope: 'catalog:write', role: 'curator' })
      .input(productKey)
      .mutation(({ ctx, input }) => restoreProduct(writingOf(ctx), ctx.principal, input.id)),

    quote: trust
      .authenticatedRead({ scope: 'catalog:read', from: 'transaction' })
      .input(quoteInput)
      .query(({ ctx, input }) => {
        const rules = productRules(ctx.request.policy);
        return quote({ reads: ctx.reads, rules }, ctx.principal, input.productId);
      }),
  }),
});

function writingOf({ database, request }: Pick<Context, 'database' | 'request'>): Writing {
  return { queries: database, rules: productRules(request.policy) };
}

export type CatalogRouter = typeof catalogRouter;
