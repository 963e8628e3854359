import { sql, type SQL } from 'drizzle-orm';
import { bigint, check, customType, index, pgSchema, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const catalog = pgSchema('catalog');

/**
 * Who may see a product, as long as it is not archived: anybody, anybody who signed in, or its owner alone.
 * What it means is decided in `visibility.ts`, nowhere else.
 */
export const visibilities = ['public', 'authenticated', 'owner'] as const;
export const visibility = catalog.enum('visibility', visibilities);

const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' });

/** The slug is the key: a list of products names its categories without a join. */
export const categories = catalog.table(
  'categories',
  { slug: text('slug').primaryKey(), name: text('name').notNull() },
  (table) => [check('categories_slug', sql`${table.slug} ~ '^[a-z][a-z-]{0,39}$'`)],
);

export const products = catalog.table(
  'products',
  {
    /**
     * UUID version 7. Consecutive numbers would let anybody count the products they may not see, by the gaps; these are
     * as good an order (newest last), and never change, so pages that follow them neither repeat nor lose a row.
     */
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    description: text('description').notNull(),
    category: text('category')
      .notNull()
      .references(() => categories.slug),
    /** Minor units of `currency`. */
    priceMinor: bigint('price_minor', { mode: 'bigint' }).notNull(),
    currency: text('currency').notNull(),
    visibility: visibility('visibility').notNull(),
    /** `user` of the one who may change it: the `sub` of a person of the house, with a prefix for other issuers' people. */
    ownerSubject: text('owner_subject').notNull(),
    archivedAt: timestamp('archived_at', { withTimezone: true }),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
    /** A word of the name weighs more than one of the description. */
    search: tsvector('search')
      .notNull()
      .generatedAlwaysAs(
        (): SQL =>
          sql`setweight(to_tsvector('english', ${products.name}), 'A') || setweight(to_tsvector('english', ${products.description}), 'B')`,
      ),
  },
  (table) => [
    // Pages run down `id`: in the whole catalog (the primary key), in a category, and among what one person owns.
    index('products_in_category').on(table.category, table.id),
    index('products_of_owner').on(table.ownerSubject, table.id),
    index('products_search').using('gin', table.search),
    check('products_price', sql`${table.priceMinor} > 0`),
    check('products_currency', sql`${table.currency} ~ '^[A-Z]{3}$'`),
  ],
);
