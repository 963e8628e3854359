import { and, desc, eq, isNull, lt, sql, type SQL } from 'drizzle-orm';
import type { CatalogDatabase } from './database.ts';
import { readCursor, writeCursor, type PageEnd } from './page-cursor.ts';
import { productOf, summaryOf, type Product, type ProductSummary } from './product-view.ts';
import { categories, products } from './schema.ts';
import { visibleTo, type Viewer } from './visibility.ts';

/** Which products, in which order: newest first, or, with `search`, best match first. */
type ProductQuery = Readonly<{
  category?: string | undefined;
  search?: string | undefined;
  /** Only those that the viewer owns. */
  own?: boolean;
}>;

type PageRequest = Readonly<{ cursor?: string | undefined; limit: number }>;

type Page = Readonly<{
  items: ProductSummary[];
  /** Not there on the last page. */
  nextCursor?: string;
}>;

/** What a product costs, and who is to be paid for it. */
type Offer = Readonly<{ priceMinor: bigint; currency: string; seller: string }>;

export type CatalogReads = Readonly<{
  categories: () => Promise<{ slug: string; name: string }[]>;
  product: (id: string, viewer: Viewer) => Promise<Product | undefined>;
  /** Of a product that this viewer could buy: archived ones are not for sale, not even to their owner. */
  offer: (id: string, viewer: Viewer) => Promise<Offer | undefined>;
  page: (query: ProductQuery, request: PageRequest, viewer: Viewer) => Promise<Page>;
}>;

/**
 * Everything the catalog reads, each read one prepared statement with `visibleTo` in it (unprepared, Drizzle costs four
 * times as much). What a viewer may not see is not there: no read tells it from what does not exist.
 */
export function prepareReads(database: CatalogDatabase): CatalogReads {
  const everyCategory = database
    .select({ slug: categories.slug, name: categories.name })
    .from(categories)
    .orderBy(categories.name)
    .prepare('categories');
  const isVisible = and(eq(products.id, sql.placeholder('id')), visibleTo(sql.placeholder('viewer')));
  const oneProduct = database.select(productColumns).from(products).where(isVisible).prepare('product');
  const oneOffer = database
    .select({ priceMinor: products.priceMinor, currency: products.currency, seller: products.ownerSubject })
    .from(products)
    .where(and(isVisible, isNull(products.archivedAt)))
    .prepare('product_offer');
  const pages = preparePages(database);

  return {
    categories: () => everyCategory.execute(),
    product: async (id, viewer) => {
      const [row] = await oneProduct.execute({ id, viewer });
      return row && productOf(row, viewer);
    },
    offer: async (id, viewer) => (await oneOffer.execute({ id, viewer }))[0],
    page: async (query, { cursor, limit }, viewer) => {
      const asked = [query.category ?? null, query.search ?? null, query.own === true ? viewer : null];
      const after = cursor === undefined ? undefined : readCursor(asked, cursor);
      // One more than asked for tells whether there is another page.
      const rows = await pages({ query, after, limit: limit + 1, viewer });
      const items = rows.slice(0, limit).map((row) => summaryOf(row, viewer));
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return last === undefined ? { items } : { items, nextCursor: writeCursor(asked, last) };
    },
  };
}

const summaryColumns = {
  id: products.id,
  name: products.name,
  category: products.category,
  priceMinor: products.priceMinor,
  currency: products.currency,
  visibility: products.visibility,
  ownerSubject: products.ownerSubject,
  archivedAt: products.archivedAt,
};

export const productColumns = {
  ...summaryColumns,
  description: products.description,
  createdAt: products.createdAt,
  updatedAt: products.updatedAt,
};

type PageOf = Readonly<{ query: ProductQuery; after: PageEnd | undefined; limit: number; viewer: Viewer }>;

/** Which conditions a page's statement has; their values come later. */
type Shape = Readonly<{ category: boolean; search: boolean; own: boolean; after: boolean }>;

function preparePages(database: CatalogDatabase) {
  const statements = new Map<string, ReturnType<typeof preparePage>>();

  return function readPage({ query, after, limit, viewer }: PageOf) {
    const { category, search, own = false } = query;
    const shape = { category: category !== undefined, search: search !== undefined, own, after: after !== undefined };
    const conditions = Object.entries(shape).filter(([, isAsked]) => isAsked);
    const name = ['products', ...conditions.map(([condition]) => condition)].join('_');
    const statement = statements.get(name) ?? preparePage(database, shape, name);
    statements.set(name, statement);
    return statement.execute({ category, search, viewer, limit, rank: after?.rank, id: after?.id });
  };
}

/**
 * Pages by key, not by offset: the next one begins after the last row of this one, wherever that lies by then. Rows that
 * are added meanwhile neither shift nor repeat others; `id` never changes, and a rank only when its product is rewritten.
 */
function preparePage(database: CatalogDatabase, shape: Shape, name: string) {
  const words = sql`websearch_to_tsquery('english', ${sql.placeholder('search')})`;
  const rank: SQL<number> = shape.search ? sql`ts_rank(${products.search}, ${words})` : sql`0::real`;
  const afterKey = shape.search
    ? sql`(${rank}, ${products.id}) < (${sql.placeholder('rank')}::real, ${sql.placeholder('id')}::uuid)`
    : lt(products.id, sql.placeholder('id'));
  return database
    .select({ ...summaryColumns, rank: rank.as('rank') })
    .from(products)
    .where(
      and(
        visibleTo(sql.placeholder('viewer')),
        shape.category ? eq(products.category, sql.placeholder('category')) : undefined,
        shape.own ? eq(products.ownerSubject, sql.placeholder('viewer')) : undefined,
        shape.search ? sql`${products.search} @@ ${words}` : undefined,
        shape.after ? afterKey : undefined,
      ),
    )
    .orderBy(...(shape.search ? [desc(sql.identifier('rank'))] : []), desc(products.id))
    .limit(sql.placeholder('limit'))
    .prepare(name);
}
