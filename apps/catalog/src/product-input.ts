import { z } from 'zod';
import { maxCursorLength } from './page-cursor.ts';
import { visibilities } from './schema.ts';

// Neither control characters (PostgreSQL takes no NUL) nor halves of a surrogate pair, which no UTF-8 can hold.
const line = /^[^\p{Cc}\p{Cs}]*$/u;
const lines = /^(?:[^\p{Cc}\p{Cs}]|\n)*$/u;

const id = z.uuid();
const category = z.string().regex(/^[a-z][a-z-]{0,39}$/);
const limit = z.int().min(1).max(100).default(20);
const cursor = z.string().min(1).max(maxCursorLength).optional();
// tRPC's infinite queries send it along. There is only one way to go.
const direction = z.literal('forward').optional();

const fields = {
  name: z.string().trim().min(1).max(120).regex(line),
  description: z.string().trim().min(1).max(4000).regex(lines),
  category,
  /** Minor units as digits, 1 to 999,999,999,999: JSON's numbers would round. */
  amount: z.string().regex(/^[1-9][0-9]{0,11}$/),
  currency: z.enum(['EUR', 'GBP', 'USD']),
  visibility: z.enum(visibilities),
};

export const productKey = z.strictObject({ id });
export const quoteInput = z.strictObject({ productId: id });

/** Without any input: the first page of everything. */
export const listInput = z
  .strictObject({
    category: category.optional(),
    /** Words, "phrases", `or`, `-without`: what `websearch_to_tsquery` reads. */
    search: z.string().trim().min(1).max(200).regex(line).optional(),
    cursor,
    limit,
    direction,
  })
  .prefault({});
export const mineInput = z.strictObject({ cursor, limit, direction }).prefault({});

export const newProduct = z.strictObject({ ...fields, visibility: fields.visibility.default('public') });
export type NewProduct = z.output<typeof newProduct>;

export const productChange = z
  .strictObject({ id, ...z.object(fields).partial().shape })
  .refine((change) => Object.keys(change).length > 1, { error: 'Nothing to change was named.' });
export type ProductChange = z.output<typeof productChange>;
