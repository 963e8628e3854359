import type { PolicyCondition } from '@sallyport/auth';
import { and, desc, eq, lt, sql, type SQL } from 'drizzle-orm';
import type { CatalogDatabase } from './database.ts';
import { readCursor, writeCursor, type PageEnd } from './page-cursor.ts';
import { conditionMark, whereProduct } from './product-condition.ts';
import { summaryOf, type ProductRow, type ProductSummary } from './product-view.ts';
import { categories, products } from './schema.ts';
import type { Viewer } from './visibility.ts';

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

/** Who looks, and which products they may see. */
type Sight = Readonly<{ viewer: Viewer; visible: PolicyCondition }>;

export type CatalogReads = Readonly<{
  categories: () => Promise<{ slug: string; name: string }[]>;
  /** Whoever may see it: to be decided about by its attributes. */
  product: (id: string) => Promise<ProductRow | undefined>;
  page: (query: ProductQuery, request: PageRequest, sight: Sight) => Promise<Page>;
}>;

/**
 * Everything the catalog reads, each read one prepared statement (unprepared, Drizzle costs four times as much). A list is
 * decided as a set: the rules are part of its WHERE, and what does not pass is never fetched.
 */
export function prepareReads(database: CatalogDatabase): CatalogReads {
  const everyCategory = database
    .select({ slug: categories.slug, name: categories.name })
    .from(categories)
    .orderBy(categories.name)
    .prepare('categories');
  const oneProduct = database
    .select(productColumns)
    .from(products)
    .where(eq(products.id, sql.placeholder('id')))
    .prepare('product');
  const pages = preparePages(database);

  return {
    categories: () => everyCategory.execute(),
    product: async (id) => (await oneProduct.execute({ id }))[0],
    page: async (query, { cursor, limit }, sight) => {
      const { viewer } = sight;
      const asked = [query.category ?? null, query.search ?? null, query.own === true ? viewer?.user : null];
      const after = cursor === undefined ? undefined : readCursor(asked, cursor);
      // One more than asked for tells whether there is another page.
      const rows = await pages({ query, after, limit: limit + 1, sight });
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

type PageOf = Readonly<{ query: ProductQuery; after: PageEnd | undefined; limit: number; sight: Sight }>;

/** Which conditions a page's statement has; their values come later. */
type Shape = Readonly<{
  category: boolean;
  search: boolean;
  own: boolean;
  after: boolean;
  visible: PolicyCondition;
}>;

/**
 * A statement for each condition and shape. A condition is one object for everybody of the same roles under one version of
 * the rules, so statements are few, and go with the rules that they were made for.
 */
function preparePages(database: CatalogDatabase) {
  const statementsOf = new WeakMap<PolicyCondition, Map<string, ReturnType<typeof preparePage>>>();

  return function readPage({ query, after, limit, sight: { viewer, visible } }: PageOf) {
    const { category, search, own = false } = query;
    const shape = { category: category !== undefined, search: search !== undefined, own, after: after !== undefined };
    const conditions = Object.entries(shape).filter(([, isAsked]) => isAsked);
    const name = ['products', ...conditions.map(([condition]) => condition)].join('_');
    const statements = statementsOf.get(visible) ?? new Map<string, ReturnType<typeof preparePage>>();
    statementsOf.set(visible, statements);
    const statement = statements.get(name) ?? preparePage(database, { ...shape, visible }, name);
    statements.set(name, statement);
    return statement.execute({ category, search, viewer: viewer?.user, limit, rank: after?.rank, id: after?.id });
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
        whereProduct(shape.visible, sql.placeholder('viewer')),
        shape.category ? eq(products.category, sql.placeholder('category')) : undefined,
        shape.own ? eq(products.ownerSubject, sql.placeholder('viewer')) : undefined,
        shape.search ? sql`${products.search} @@ ${words}` : undefined,
        shape.after ? afterKey : undefined,
      ),
    )
    .orderBy(...(shape.search ? [desc(sql.identifier('rank'))] : []), desc(products.id))
    .limit(sql.placeholder('limit'))
    .prepare(`${name}_${conditionMark(shape.visible)}`);
}
