import type { Revocation, RevocationEvent } from '@sallyport/auth';
import { asc, gt, sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import { revocationCounter, revocations } from '../schema.ts';

/** The channel that wakes the feed's readers. It carries nothing: the table is the record. */
export const wakeChannel = 'sallyport_auth_revocations';

/**
 * Writes revocations to the feed, in the transaction that makes them true. Call it last in that transaction.
 *
 * The counter's row stays locked until commit: the next revocation gets its position only after this one is committed
 * or rolled back. So positions have no gaps and follow the order of commits, which a sequence would not give: it hands
 * out numbers before commit, and a reader that follows `position > last` would miss a row that commits late.
 */
export async function recordRevocations(
  transaction: AuthQueries,
  revoked: readonly Revocation[],
  because: string,
): Promise<void> {
  if (revoked.length === 0) return;
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
}

/** The next events after a position, oldest first. */
export async function readRevocations(
  queries: AuthQueries,
  position: number,
  atMost: number,
): Promise<RevocationEvent[]> {
  const rows = await queries
    .select()
    .from(revocations)
    .where(gt(revocations.position, position))
    .orderBy(asc(revocations.position))
    .limit(atMost);
  return rows.map((row) => Object.assign({ position: row.position }, fromRow(row)));
}

/** Minutes of history that a reader without a position gets: twice the life of the longest token. */
const historyMinutes = 10;

/**
 * Where a reader starts: after `from`, or before the oldest row of the last ten minutes when it has no position. A
 * position ahead of ours comes from another history (a database that was restored), and counts as none.
 */
export async function startingPosition(queries: AuthQueries, from: number | undefined): Promise<number> {
  const { rows } = await queries.execute<{ last: string; history: string }>(sql`
    SELECT last_position AS last,
      coalesce((SELECT min(position) - 1 FROM ${revocations}
        WHERE recorded_at > now() - make_interval(mins => ${historyMinutes})), last_position) AS history
    FROM ${revocationCounter}`);
  const last = Number(rows[0]?.last ?? 0);
  return from !== undefined && from <= last ? from : Number(rows[0]?.history ?? 0);
}

type Row = Pick<typeof revocations.$inferSelect, 'kind' | 'name' | 'upToSerial'>;

function toRow(revocation: Revocation): Row {
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
  }
}

function fromRow({ kind, name, upToSerial }: Row): Revocation {
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
  }
}
