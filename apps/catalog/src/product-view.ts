import { isoTime } from './iso-time.ts';
import type { products } from './schema.ts';
import type { Viewer } from './visibility.ts';

/** A product in a list. Its owner's subject stays inside: `own` is all that a reader needs to know about it. */
export type ProductSummary = Readonly<{
  id: string;
  name: string;
  category: string;
  /** Minor units of `currency`, as digits. */
  amount: string;
  currency: string;
  visibility: 'public' | 'authenticated' | 'owner';
  own: boolean;
  archived: boolean;
}>;

/** Times are ISO 8601, UTC. */
export type Product = ProductSummary & Readonly<{ description: string; createdAt: string; updatedAt: string }>;

type Row = typeof products.$inferSelect;
type SummaryRow = Pick<
  Row,
  'id' | 'name' | 'category' | 'priceMinor' | 'currency' | 'visibility' | 'ownerSubject' | 'archivedAt'
>;
export type ProductRow = SummaryRow & Pick<Row, 'description' | 'createdAt' | 'updatedAt'>;

export function summaryOf(row: SummaryRow, viewer: Viewer): ProductSummary {
  const { id, name, category, currency, visibility } = row;
  return {
    id,
    name,
    category,
    amount: String(row.priceMinor),
    currency,
    visibility,
    own: row.ownerSubject === viewer?.user,
    archived: row.archivedAt !== null,
  };
}

export function productOf(row: ProductRow, viewer: Viewer): Product {
  return {
    ...summaryOf(row, viewer),
    description: row.description,
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(row.updatedAt),
  };
}
