import { rememberForMs, type FeedMessage, type Notice, type Revocation, type RevocationEvent } from '@sallyport/auth';
import { sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import { forServices, readRestrictions } from '../restrictions/restrictions.ts';
import { revocationCounter, revocations, signingKeys } from '../schema.ts';
import { isSamePlace, type FeedPlace } from './feed-place.ts';
import { readRevocations } from './revocation-outbox.ts';

type SnapshotPage = Extract<FeedMessage, { type: 'snapshot' }>;
type Told = SnapshotPage['inForce'][number];

/** Rows in a page, at most. */
const pageSize = 500;

/** From where on the snapshot reaches, and up to where. */
type Extent = Readonly<{ after: number; last: FeedPlace }>;

/**
 * The place itself when the feed can go on from it, `undefined` when that takes a snapshot: it is of another history, or so old that
 * a snapshot is shorter than what came since.
 */
export async function continueFrom(queries: AuthQueries, place: FeedPlace): Promise<FeedPlace | undefined> {
  const { after, last } = await readExtent(queries);
  if (place.position < after || place.position > last.position) return undefined;
  if (place.position === 0) return place;
  const [row] = await readRevocations(queries, place.position - 1, 1);
  return row !== undefined && isSamePlace(place, row) ? place : undefined;
}

/** The newest revocation that is committed. */
export async function lastPlace(queries: AuthQueries): Promise<FeedPlace> {
  return (await readExtent(queries)).last;
}

/**
 * What is in force for any token that can still be alive, and where the feed goes on after it: exactly what a follower
 * that was there all along still remembers (`rememberForMs`). Keys that are over are denied however long that is ago (and restrictions hold as long as that):
 * whoever has one goes on making tokens.
 *
 * One statement says how far the snapshot reaches. Rows up to there are committed and never change, so the pages after
 * it come from the same state however much is committed meanwhile, and no transaction stays open for a slow reader.
 */
export async function* readSnapshot(
  queries: AuthQueries,
): AsyncGenerator<Readonly<{ page: SnapshotPage; place?: FeedPlace }>, FeedPlace, void> {
  const { after, last } = await readExtent(queries);
  const lasting: readonly Told[] = [...(await keysThatAreOver(queries)), ...(await presentRestrictions(queries))];
  let reached = after;
  for (let page = 0; ; page += 1) {
    const rows = await readRevocations(queries, reached, Math.min(pageSize, last.position - reached));
    const told = condense(rows.map(({ event }) => event));
    const inForce = page === 0 ? lasting.concat(told) : told;
    reached = rows.at(-1)?.event.position ?? last.position;
    if (reached >= last.position) {
      yield { page: { type: 'snapshot', page, inForce, position: last.position }, place: last };
      return last;
    }
    yield { page: { type: 'snapshot', page, inForce } };
  }
}

async function readExtent(queries: AuthQueries): Promise<Extent> {
  const { rows } = await queries.execute<{ last: string; after: string; recorded_at: Date | string | null }>(sql`
    SELECT last_position AS last,
      coalesce((SELECT min(position) - 1 FROM ${revocations}
        WHERE recorded_at > now() - make_interval(secs => ${rememberForMs / 1000})), last_position) AS after,
      (SELECT recorded_at FROM ${revocations} WHERE position = last_position) AS recorded_at
    FROM ${revocationCounter}`);
  const [row] = rows;
  if (row === undefined) throw new Error('The revocation counter has no row: run the migrations.');
  const recordedAt = row.recorded_at === null ? undefined : new Date(row.recorded_at);
  return { after: Number(row.after), last: { position: Number(row.last), recordedAt } };
}

async function keysThatAreOver(queries: AuthQueries): Promise<Revocation[]> {
  const rows = await queries
    .select({ kid: signingKeys.kid })
    .from(signingKeys)
    .where(sql`${signingKeys.retiresAt} <= now()`);
  return rows.map(({ kid }) => ({ kind: 'key', keyId: kid }));
}

/** Whatever their age: they hold until others do. */
async function presentRestrictions(queries: AuthQueries): Promise<Notice[]> {
  const { version, tiers, accessTokenSeconds } = forServices(await readRestrictions(queries));
  return version === 0 ? [] : [{ kind: 'restrictions', version, tiers, accessTokenSeconds }];
}

/** The same revocations without repetitions; of cut-offs for the same target, the greatest. Exported for its test. */
export function condense(events: readonly RevocationEvent[]): Told[] {
  const inForce = new Map<string, Told>();
  for (const { position: _, ...told } of events) {
    const key = keyOf(told);
    const known = inForce.get(key);
    inForce.set(key, known === undefined ? told : greater(known, told));
  }
  return [...inForce.values()];
}

function keyOf(told: Told): string {
  switch (told.kind) {
    case 'session':
      return `session ${told.session}`;
    case 'token':
      return `token ${told.tokenId}`;
    case 'key':
      return `key ${told.keyId}`;
    case 'subject':
      return `subject ${told.subject}`;
    case 'client':
      return `client ${told.client}`;
    case 'everyone':
    case 'policy':
    case 'restrictions':
      return told.kind;
  }
}

function greater(one: Told, other: Told): Told {
  return sizeOf(one) > sizeOf(other) ? one : other;
}

function sizeOf(told: Told): number {
  if ('upToSerial' in told) return told.upToSerial;
  return 'version' in told ? told.version : 0;
}
