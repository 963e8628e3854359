import { createHash } from 'node:crypto';
import type { PolicyCondition } from '@sallyport/auth';
import { and, not, or, sql, type Placeholder, type SQL } from 'drizzle-orm';
import type { productVocabulary } from './product-rules.ts';
import { products } from './schema.ts';

/**
 * The attributes of a product in SQL. As text, so that a value that is no visibility at all finds nothing rather than being an
 * error; none is ever NULL, so that "not" means the same here as in JavaScript.
 */
const columns: Readonly<Record<keyof (typeof productVocabulary)['product'], SQL>> = {
  owner: sql`${products.ownerSubject}`,
  visibility: sql`${products.visibility}::text`,
  archived: sql`(${products.archivedAt} IS NOT NULL)`,
};

const operators = { eq: sql`=`, lt: sql`<`, lte: sql`<=`, gt: sql`>`, gte: sql`>=` } as const;

/** A condition of the rules as a part of WHERE. `user` is the one who asks, or their place in a prepared statement. */
export function whereProduct(condition: PolicyCondition, user: string | Placeholder): SQL {
  if ('all' in condition) return and(...condition.all.map((part) => whereProduct(part, user))) ?? sql`true`;
  if ('any' in condition) return or(...condition.any.map((part) => whereProduct(part, user))) ?? sql`false`;
  if ('not' in condition) return not(whereProduct(condition.not, user));
  const column = columnOf(condition.attribute);
  if (condition.is === 'in') {
    const values = condition.values.map((value) => sql`${value}`);
    return values.length === 0 ? sql`false` : sql`${column} IN (${sql.join(values, sql`, `)})`;
  }
  const { value } = condition;
  return sql`${column} ${operators[condition.is]} ${typeof value === 'object' ? user : value}`;
}

function columnOf(attribute: string): SQL {
  const [, column] = Object.entries(columns).find(([name]) => name === attribute) ?? [];
  if (column === undefined) throw new Error(`A rule asks about ${attribute}, which products do not have.`);
  return column;
}

/** Short and the same for equal conditions, for the name of a statement: PostgreSQL keeps one text per name. */
export function conditionMark(condition: PolicyCondition): string {
  return createHash('sha256').update(JSON.stringify(condition)).digest('hex').slice(0, 16);
}
