import {
  liveWithinMs,
  openRequest,
  type Gates,
  type PolicyFeed,
  type RemoteKeys,
  type RevocationFeed,
} from '@sallyport/auth';
import { sealRouter } from '@sallyport/auth/trpc';
import { isReachable } from '@sallyport/db';
import { serve, type Log, type MutualTls, type Running } from '@sallyport/service';
import type pg from 'pg';
import type { CatalogDatabase } from './database.ts';
import { prepareReads } from './product-reads.ts';
import { catalogRouter } from './router.ts';

export type CatalogParts = Readonly<{
  port: number;
  host: string;
  pool: pg.Pool;
  database: CatalogDatabase;
  gates: Gates;
  revocations: RevocationFeed;
  keys: Pick<RemoteKeys, 'usable' | 'close'>;
  policy: PolicyFeed;
  log: Log;
  /** Web pages that may read the answers. Default: none. */
  allowedOrigins?: readonly string[];
  /** A second address, for the other services of the house. Default: none. */
  mutualTls?: MutualTls | undefined;
  /** Where clients find it. Default: where it listens. */
  publicUrls?: readonly string[];
}>;

/** Puts the service on the network. It closes `pool`, `keys`, `policy`, `gates` and `revocations` when it stops. */
export function serveCatalog(parts: CatalogParts): Promise<Running> {
  const { port, host, pool, database, gates, revocations, keys, policy, log } = parts;
  const reads = prepareReads(database);
  return serve({
    name: 'catalog',
    router: sealRouter(catalogRouter),
    port,
    host,
    mutualTls: parts.mutualTls,
    maxBodyBytes: 64 * 1024,
    maxBatchSize: 10,
    allowedOrigins: parts.allowedOrigins ?? [],
    publicUrls: parts.publicUrls ?? [],
    createContext: (incoming) => ({ request: openRequest({ gates, policy, ...incoming }), database, reads, log }),
    readiness: async () => ({
      database: await isReachable(pool),
      keys: keys.usable(),
      feed: revocations.silenceMs() <= liveWithinMs,
      policy: policy.current() !== undefined,
    }),
    readings: () => ({
      feedSilenceMs: Math.round(revocations.silenceMs()),
      policyVersion: policy.version() ?? 0,
      policyAgeMs: Math.round(policy.ageMs()),
      restrictionsVersion: revocations.restrictions().version,
    }),
    log,
    onClose: async () => {
      gates.close();
      revocations.close();
      keys.close();
      policy.close();
      await pool.end();
    },
  });
}
