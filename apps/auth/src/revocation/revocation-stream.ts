import type { FeedMessage, FeedSource } from '@sallyport/auth';
import type { AuthDatabase } from '../database.ts';
import { readRevocations, startingPosition } from './revocation-outbox.ts';
import type { RevocationWake } from './revocation-wake.ts';

export type RevocationStream = Readonly<{ database: AuthDatabase; wake: RevocationWake }>;

const heartbeatMs = 1000;
const pageSize = 500;

/**
 * The feed from a position on: every event, and a heartbeat each second that says how far that is. A heartbeat is sent
 * only after a read that found nothing more, so it proves that everything up to its position has been sent.
 *
 * The table is read at least once a second, however quiet the wake is. Ends when `signal` aborts; throws when the
 * database does not answer, and the follower then knows that it knows nothing.
 */
export async function* streamRevocations(
  { database, wake }: RevocationStream,
  from: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<FeedMessage, void, void> {
  let position = await startingPosition(database, from);
  let beatAtMs = -Infinity;
  while (!signal.aborted) {
    const seen = wake.rings();
    const events = await readRevocations(database, position, pageSize);
    for (const event of events) {
      yield { type: 'event', event };
      position = event.position;
    }
    if (events.length === pageSize) continue;
    if (performance.now() - beatAtMs >= heartbeatMs) {
      yield { type: 'heartbeat', position };
      beatAtMs = performance.now();
    }
    await wake.wait(seen, beatAtMs + heartbeatMs - performance.now(), signal);
  }
}

/** The feed for the authority's own gates, without a network in between. */
export function ownRevocations(stream: RevocationStream): FeedSource {
  return (from, { onMessage, onEnd }) => {
    const abort = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const message of streamRevocations(stream, from, abort.signal)) {
        if (!abort.signal.aborted) onMessage(message);
      }
    };
    follow().catch((error: unknown) => {
      if (!abort.signal.aborted) onEnd(error);
    });
    return () => abort.abort();
  };
}
