/** What other rooms may know of this one. Types only: nothing here can be imported at run time. */
export type { CatalogRouter } from './router.ts';
export type { Product, ProductSummary } from './product-view.ts';
export type { Quote } from './quote.ts';
