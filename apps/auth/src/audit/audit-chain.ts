import { createHash } from 'node:crypto';
import * as z from 'zod';

/** Where a chain has come to. */
export type ChainEnd = Readonly<{ position: number; hash: Buffer }>;

/** What the first row is chained to. */
export const chainStart: ChainEnd = { position: 0, hash: Buffer.alloc(32) };

export type AuditRow = Readonly<{
  position: number;
  recordedAt: Date;
  entry: string;
  hash: Buffer;
  action: string;
  actor: string;
  subject: string | null;
  session: string | null;
}>;

/** A row that is not what was recorded, and what is wrong with it. */
export type BadRow = Readonly<{ position: number; problem: string }>;

/** What `record_audit` of the database computes, once more and apart from it. */
export function hashOfRow(before: Buffer, { position, recordedAt, entry }: AuditRow): Buffer {
  const place = Buffer.alloc(16);
  place.writeBigInt64BE(BigInt(position));
  place.writeBigInt64BE(BigInt(recordedAt.getTime()), 8);
  return createHash('sha256').update(before).update(place).update(entry, 'utf8').digest();
}

/** Whether `row` is what was recorded next after `before`. Pure. */
export function badRowAfter(before: ChainEnd, row: AuditRow): BadRow | undefined {
  const { position } = row;
  if (position !== before.position + 1) return { position: before.position + 1, problem: 'it is missing' };
  if (!hashOfRow(before.hash, row).equals(row.hash))
    return { position, problem: 'it was changed, or stands in another one’s place' };
  // The entry is as it was recorded, and the other columns were made from it.
  const said = entryColumns.parse(JSON.parse(row.entry));
  const agrees =
    said.action === row.action &&
    said.actor === row.actor &&
    (said.subject ?? null) === row.subject &&
    (said.session ?? null) === row.session;
  return agrees ? undefined : { position, problem: 'a column of it says something else than its entry' };
}

const entryColumns = z.object({
  action: z.string(),
  actor: z.string(),
  subject: z.string().optional(),
  session: z.string().optional(),
});
