import pg from 'pg';
import { wakeChannel } from './revocation-outbox.ts';

/** Wakes those who follow the feed when something was written to it. */
export type RevocationWake = Readonly<{
  /** How often it has rung. Read it before reading the table, and give it to `wait`: a ring in between is not lost. */
  rings: () => number;
  /** Resolves when it has rung since `seen`, after `atMostMs`, or when the signal aborts. Never rejects. */
  wait: (seen: number, atMostMs: number, signal: AbortSignal) => Promise<void>;
  close: () => Promise<void>;
}>;

const reconnectMs = 1000;

/**
 * Listens on a connection of its own, and opens it again when it breaks. A ring that gets lost delays a reader until
 * its next poll and does no other harm: the table is the record.
 */
export function openRevocationWake(databaseUrl: string): RevocationWake {
  const waiting = new Set<() => void>();
  let count = 0;
  let client: pg.Client | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const ring = (): void => {
    count += 1;
    for (const wakeUp of waiting) wakeUp();
  };

  const connect = (): void => {
    const opened = new pg.Client({
      connectionString: databaseUrl,
      keepAlive: true,
      connectionTimeoutMillis: reconnectMs,
    });
    const reconnect = (): void => {
      if (closed || client !== opened) return;
      client = undefined;
      opened.end().catch(() => {});
      retry = setTimeout(connect, reconnectMs);
    };
    client = opened;
    opened.on('notification', ring).on('error', reconnect).on('end', reconnect);
    opened
      .connect()
      .then(() => opened.query(`LISTEN ${wakeChannel}`))
      // What was written while nobody listened.
      .then(ring)
      .catch(reconnect);
  };
  connect();

  return {
    rings: () => count,
    wait: (seen, atMostMs, signal) =>
      new Promise((resolve) => {
        if (seen !== count || signal.aborted) return resolve();
        const wakeUp = (): void => {
          clearTimeout(timer);
          waiting.delete(wakeUp);
          signal.removeEventListener('abort', wakeUp);
          resolve();
        };
        const timer = setTimeout(wakeUp, Math.max(0, atMostMs));
        waiting.add(wakeUp);
        signal.addEventListener('abort', wakeUp);
      }),
    close: async () => {
      closed = true;
      clearTimeout(retry);
      for (const wakeUp of waiting) wakeUp();
      await client?.end().catch(() => {});
    },
  };
}
