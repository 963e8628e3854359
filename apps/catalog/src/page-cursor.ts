import { createHash } from 'node:crypto';
import { parseJson, refuse } from '@sallyport/service';
import { z } from 'zod';

/** The last row of a page: where the next one goes on. */
export type PageEnd = Readonly<{ rank: number; id: string }>;

// `real` in PostgreSQL: 0, or between these. Anything else would be an error there.
const rank = z
  .number()
  .min(0)
  .max(1e30)
  .refine((value) => value === 0 || value > 1e-30);

const cursorContent = z.strictObject({ query: z.string(), rank, id: z.uuid() });

/** Longest cursor that is looked at, in characters. Those made here have about 130. */
export const maxCursorLength = 400;

/**
 * Where a page ended, and a mark of the query that it belongs to. Opaque to callers and of no worth to an attacker: it
 * says where to go on, never what may be seen, so it is not signed.
 */
export function writeCursor(query: readonly unknown[], { rank: endRank, id }: PageEnd): string {
  return Buffer.from(JSON.stringify({ query: queryMark(query), rank: endRank, id })).toString('base64url');
}

/** @throws 400 `invalid_cursor` for anything that `writeCursor` did not make for this very query */
export function readCursor(query: readonly unknown[], cursor: string): PageEnd {
  const content = cursorContent.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (!content.success || content.data.query !== queryMark(query)) {
    refuse({
      code: 'BAD_REQUEST',
      reason: 'invalid_cursor',
      message: 'This cursor does not belong to this query. Begin again at the first page.',
    });
  }
  return { rank: content.data.rank, id: content.data.id };
}

// Tells queries apart so that a mistake shows; nothing depends on its being hard to forge.
function queryMark(query: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 16);
}
