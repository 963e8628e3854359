import { liveWithinMs, openRequest, type Gates, type RemoteKeys, type RevocationFeed } from '@sallyport/auth';
import { sealRouter } from '@sallyport/auth/trpc';
import { isReachable } from '@sallyport/db';
import { serve, type Log, type MutualTls, type Running, type Telemetry } from '@sallyport/service';
import type pg from 'pg';
import type { AskQuote } from './catalog-quote.ts';
import type { PaymentsDatabase } from './database.ts';
import { paymentsRouter } from './router.ts';

export type PaymentsParts = Readonly<{
  port: number;
  host: string;
  pool: pg.Pool;
  database: PaymentsDatabase;
  gates: Gates;
  revocations: RevocationFeed;
  keys: Pick<RemoteKeys, 'usable' | 'close'>;
  askQuote: AskQuote;
  log: Log;
  /** Default: nothing is counted. */
  telemetry?: Telemetry | undefined;
  /** Web pages that may read the answers. Default: none. */
  allowedOrigins?: readonly string[];
  /** A second address, for the other services of the house. Default: none. */
  mutualTls?: MutualTls | undefined;
  /** Where clients find it. Default: where it listens. */
  publicUrls?: readonly string[];
  /** As in `ServeOptions`. */
  directCalls?: boolean | undefined;
}>;

/** Puts the service on the network. It closes `pool`, `keys`, `gates` and `revocations` when it stops. */
export function servePayments(parts: PaymentsParts): Promise<Running> {
  const { port, host, pool, database, gates, revocations, keys, askQuote, log } = parts;
  return serve({
    name: 'payments',
    router: sealRouter(paymentsRouter),
    port,
    host,
    mutualTls: parts.mutualTls,
    maxBodyBytes: 64 * 1024,
    maxBatchSize: 10,
    allowedOrigins: parts.allowedOrigins ?? [],
    publicUrls: parts.publicUrls ?? [],
    directCalls: parts.directCalls,
    createContext: (incoming) => ({ request: openRequest({ ...incoming, gates }), database, askQuote, log }),
    readiness: async () => ({
      database: await isReachable(pool),
      keys: keys.usable(),
      feed: revocations.silenceMs() <= liveWithinMs,
    }),
    readings: () => ({
      feedSilenceMs: Math.round(revocations.silenceMs()),
      restrictionsVersion: revocations.restrictions().version,
    }),
    log,
    telemetry: parts.telemetry,
    onClose: async () => {
      gates.close();
      revocations.close();
      keys.close();
      await pool.end();
    },
  });
}
