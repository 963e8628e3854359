import { randomUUIDv7 } from 'node:crypto';
import type { Principal } from '@sallyport/auth';
import { databaseFailure } from '@sallyport/db';
import { refuse } from '@sallyport/service';
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { CatalogQueries } from './database.ts';
import { whereProduct } from './product-condition.ts';
import type { NewProduct, ProductChange } from './product-input.ts';
import { productColumns } from './product-reads.ts';
import type { ProductRules } from './product-rules.ts';
import { productOf, type Product } from './product-view.ts';
import { products } from './schema.ts';
import { refuseUnseen, viewerOf } from './visibility.ts';

/**
 * Adds a product, owned by the principal.
 * @throws 400 `unknown_category`
 */
export async function createProduct(
  queries: CatalogQueries,
  principal: Principal,
  { amount, ...fields }: NewProduct,
): Promise<Product> {
  const values = { ...fields, id: randomUUIDv7(), priceMinor: BigInt(amount), ownerSubject: principal.user };
  const insertion = queries.insert(products).values(values).returning(productColumns);
  const [row] = await withKnownCategory(insertion.execute());
  if (row === undefined) throw new Error('A product that was added is not there.');
  return productOf(row, principal);
}

/** Where changes happen, and the rules that they obey. */
export type Writing = Readonly<{ queries: CatalogQueries; rules: ProductRules }>;

/**
 * Changes the named fields. Of two changes to one field at the same time the later one stays.
 * @throws 400 `unknown_category`; 404 `not_found`, 403 `not_owner`, 409 `product_archived`
 */
export async function updateProduct(
  { queries, rules }: Writing,
  principal: Principal,
  { id, amount, ...fields }: ProductChange,
): Promise<Product> {
  const isChangeable = and(isAllowed(rules, principal, { id, action: 'change' }), isNull(products.archivedAt));
  const change = queries
    .update(products)
    .set({ ...fields, ...(amount !== undefined && { priceMinor: BigInt(amount) }), updatedAt: sql`now()` })
    .where(isChangeable)
    .returning(productColumns);
  const [row] = await withKnownCategory(change.execute());
  return row === undefined
    ? refuseChange({ queries, rules }, principal, { id, action: 'change' })
    : productOf(row, principal);
}

/**
 * Takes a product out of everybody's sight but its owner's. Doing it again changes nothing and answers the same.
 * @throws 404 `not_found`, 403 `not_owner`
 */
export async function archiveProduct(writing: Writing, principal: Principal<'fresh'>, id: string): Promise<Product> {
  const archived = {
    archivedAt: sql`coalesce(${products.archivedAt}, now())`,
    updatedAt: sql`CASE WHEN ${products.archivedAt} IS NULL THEN now() ELSE ${products.updatedAt} END`,
  };
  return moveProduct(writing, principal, { id, action: 'archive', set: archived });
}

/**
 * Puts an archived product back where it was. Doing it again changes nothing and answers the same.
 * @throws 404 `not_found`, 403 `not_owner`
 */
export async function restoreProduct(writing: Writing, principal: Principal<'fresh'>, id: string): Promise<Product> {
  const restored = {
    archivedAt: null,
    updatedAt: sql`CASE WHEN ${products.archivedAt} IS NULL THEN ${products.updatedAt} ELSE now() END`,
  };
  return moveProduct(writing, principal, { id, action: 'restore', set: restored });
}

type Move = Deed & Readonly<{ set: PgUpdateSetSource<typeof products> }>;

/** Into the archive or out of it. */
async function moveProduct(writing: Writing, principal: Principal<'fresh'>, { set, ...deed }: Move): Promise<Product> {
  const [row] = await writing.queries
    .update(products)
    .set(set)
    .where(isAllowed(writing.rules, principal, deed))
    .returning(productColumns);
  return row === undefined ? refuseChange(writing, principal, deed) : productOf(row, principal);
}

type Deed = Readonly<{ id: string; action: 'change' | 'archive' | 'restore' }>;

/** The rules stand in the WHERE of the change itself: what a product was a moment before does not count. */
function isAllowed(rules: ProductRules, principal: Principal, { id, action }: Deed) {
  return and(eq(products.id, id), whereProduct(rules.which(principal, action), principal.user));
}

/** Why nothing was changed. Whoever may not see the product hears that there is none. */
async function refuseChange({ queries, rules }: Writing, principal: Principal, { id, action }: Deed): Promise<never> {
  const [row] = await queries.select(productColumns).from(products).where(eq(products.id, id));
  if (row === undefined || !rules.may(viewerOf(principal), 'read', row)) return refuseUnseen();
  if (!rules.may(principal, action, row)) {
    refuse({ code: 'FORBIDDEN', reason: 'not_owner', message: 'Only its owner may change this product.' });
  }
  refuse({ code: 'CONFLICT', reason: 'product_archived', message: 'An archived product does not change any more.' });
}

async function withKnownCategory<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const failure = databaseFailure(error);
    if (failure.kind !== 'constraint' || failure.name !== 'products_category_categories_slug_fk') throw error;
    refuse({ code: 'BAD_REQUEST', reason: 'unknown_category', message: 'There is no such category.' });
  }
}
