import { trustTiers, type Notice, type Restrictions, type Revocation, type RevocationEvent } from '@sallyport/auth';
import { asc, gt, sql } from 'drizzle-orm';
import * as z from 'zod';
import type { AuthQueries } from '../database.ts';
import { revocationCounter, revocations } from '../schema.ts';

/** What the feed carries: revocations, and the news that a rule set or restrictions are in force. */
export type FeedEntry = Revocation | Notice;

/** The channel that wakes the feed's readers. It carries nothing: the table is the record. */
export const wakeChannel = 'sallyport_auth_revocations';

/**
 * Writes revocations to the feed, in the transaction that makes them true. Call it last in that transaction.
 *
 * The counter's row stays locked until commit: the next revocation gets its position only after this one is committed
 * or rolled back. So positions have no gaps and follow the order of commits, which a sequence would not give: it hands
 * out numbers before commit, and a reader that follows `position > last` would miss a row that commits late.
 *
 * Answers the position of the last one. Of none at all, that of the newest that is committed: what the caller found
 * done already lies at or before it.
 */
export async function recordRevocations(
  transaction: AuthQueries,
  revoked: readonly FeedEntry[],
  because: string,
): Promise<number> {
  if (revoked.length === 0) return lastPosition(transaction);
  const [row] = await transaction
    .update(revocationCounter)
    .set({ lastPosition: sql`${revocationCounter.lastPosition} + ${revoked.length}` })
    .returning({ lastPosition: revocationCounter.lastPosition });
  if (row === undefined) throw new Error('The revocation counter has no row: run the migrations.');
  const first = row.lastPosition - revoked.length + 1;
  await transaction
    .insert(revocations)
    .values(revoked.map((revocation, index) => Object.assign(toRow(revocation), { position: first + index, because })));
  await transaction.execute(sql`SELECT pg_notify(${wakeChannel}, '')`);
  return row.lastPosition;
}

/** The position of the newest revocation that is committed; 0 when there is none. */
export async function lastPosition(queries: AuthQueries): Promise<number> {
  const [row] = await queries.select().from(revocationCounter);
  if (row === undefined) throw new Error('The revocation counter has no row: run the migrations.');
  return row.lastPosition;
}

export type RecordedEvent = Readonly<{ event: RevocationEvent; recordedAt: Date }>;

/** The next events after a position, oldest first. */
export async function readRevocations(queries: AuthQueries, after: number, atMost: number): Promise<RecordedEvent[]> {
  const rows = await queries
    .select()
    .from(revocations)
    .where(gt(revocations.position, after))
    .orderBy(asc(revocations.position))
    .limit(atMost);
  return rows.map((row) => ({
    event: Object.assign({ position: row.position }, fromRow(row)),
    recordedAt: row.recordedAt,
  }));
}

/** As it was written here. */
function readOrdered(text: string): Restrictions {
  return orderedSchema.parse(JSON.parse(text));
}

const orderedSchema = z.object({
  version: z.int(),
  tiers: z.partialRecord(z.enum(trustTiers), z.enum(['fail-closed', 'closed'])),
  accessTokenSeconds: z.int().optional(),
});

type Row = Pick<typeof revocations.$inferSelect, 'kind' | 'name' | 'upToSerial'>;

function toRow(revocation: FeedEntry): Row {
  switch (revocation.kind) {
    case 'session':
      return { kind: 'session', name: revocation.session, upToSerial: null };
    case 'token':
      return { kind: 'token', name: revocation.tokenId, upToSerial: null };
    case 'key':
      return { kind: 'key', name: revocation.keyId, upToSerial: null };
    case 'subject':
      return { kind: 'subject', name: revocation.subject, upToSerial: revocation.upToSerial };
    case 'client':
      return { kind: 'client', name: revocation.client, upToSerial: revocation.upToSerial };
    case 'everyone':
      return { kind: 'everyone', name: '', upToSerial: revocation.upToSerial };
    case 'policy':
      return { kind: 'policy', name: String(revocation.version), upToSerial: null };
    case 'restrictions': {
      const { kind, ...ordered } = revocation;
      return { kind, name: JSON.stringify(ordered), upToSerial: null };
    }
  }
}

function fromRow({ kind, name, upToSerial }: Row): FeedEntry {
  switch (kind) {
    case 'session':
      return { kind, session: name };
    case 'token':
      return { kind, tokenId: name };
    case 'key':
      return { kind, keyId: name };
    case 'subject':
      return { kind, subject: name, upToSerial: upToSerial ?? 0 };
    case 'client':
      return { kind, client: name, upToSerial: upToSerial ?? 0 };
    case 'everyone':
      return { kind, upToSerial: upToSerial ?? 0 };
    case 'policy':
      return { kind, version: Number(name) };
    case 'restrictions':
      return { kind, ...readOrdered(name) };
  }
}
