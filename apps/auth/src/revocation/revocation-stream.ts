import type { FeedMessage, FeedSource } from '@sallyport/auth';
import type { AuthDatabase } from '../database.ts';
import { isSamePlace, type FeedPlace } from './feed-place.ts';
import { readRevocations, type RecordedEvent } from './revocation-outbox.ts';
import { continueFrom, lastPlace, readSnapshot } from './revocation-snapshot.ts';
import type { RevocationWake } from './revocation-wake.ts';

export type RevocationStream = Readonly<{ database: AuthDatabase; wake: RevocationWake }>;

/** `place`: where the follower stands after this message. Without one, it cannot be continued from here. */
export type StreamItem = Readonly<{ message: FeedMessage; place?: FeedPlace }>;

const heartbeatMs = 1000;
const pageSize = 500;

/**
 * The feed after a place: every event, and a heartbeat each second that says how far that is. A heartbeat is sent only
 * after a read that found nothing more. Without a place, or with one that cannot be continued, a snapshot comes first.
 *
 * The table is read at least once a second, however quiet the wake is. Ends when `signal` aborts; throws when the
 * database does not answer, and the follower then knows that it knows nothing.
 */
export async function* streamRevocations(
  { database, wake }: RevocationStream,
  from: FeedPlace | undefined,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, void, void> {
  let place = from === undefined ? undefined : await continueFrom(database, from);
  if (place !== undefined) {
    yield { message: { type: 'resumed', position: place.position }, place };
  } else {
    const snapshot = readSnapshot(database);
    let step = await snapshot.next();
    for (; !step.done; step = await snapshot.next()) {
      const { page, ...reached } = step.value;
      yield { message: page, ...reached };
      if (signal.aborted) return;
    }
    place = step.value;
  }
  let beatAtMs = -Infinity;
  while (!signal.aborted) {
    const seen = wake.rings();
    const rows = await readNews(database, place);
    for (const { event, recordedAt } of rows) {
      place = { position: event.position, recordedAt };
      yield { message: { type: 'event', event }, place };
    }
    if (rows.length === pageSize) continue;
    if (performance.now() - beatAtMs >= heartbeatMs) {
      yield { message: { type: 'heartbeat', position: place.position }, place };
      beatAtMs = performance.now();
    }
    await wake.wait(seen, beatAtMs + heartbeatMs - performance.now(), signal);
  }
}

/**
 * The next events. Throws when the row at the place is another than it was: the database went back to an older state
 * under us, and has counted on. What it counted meanwhile would be missing.
 */
async function readNews(database: AuthDatabase, place: FeedPlace): Promise<readonly RecordedEvent[]> {
  if (place.recordedAt === undefined) return readRevocations(database, place.position, pageSize);
  const [here, ...news] = await readRevocations(database, place.position - 1, pageSize + 1);
  if (here === undefined || !isSamePlace(place, here)) throw new Error('the revocations are of another history');
  return news;
}

/** The feed for the authority's own gates, without a network in between. For one follower. */
export function ownRevocations(stream: RevocationStream): FeedSource {
  let reached: FeedPlace | undefined;
  return {
    open(from, { onMessage, onEnd }) {
      const abort = new AbortController();
      const follow = async (): Promise<void> => {
        const place = reached?.position === from ? reached : undefined;
        for await (const item of streamRevocations(stream, place, abort.signal)) {
          if (abort.signal.aborted) return;
          if (onMessage(item.message)) reached = item.place;
        }
      };
      follow().catch((error: unknown) => {
        if (!abort.signal.aborted) onEnd(error);
      });
      return () => abort.abort();
    },
    async askPosition() {
      const last = await lastPlace(stream.database);
      const isOther =
        reached?.position === last.position && reached.recordedAt?.getTime() !== last.recordedAt?.getTime();
      if (isOther) throw new Error('the revocations are of another history');
      return last.position;
    },
  };
}
