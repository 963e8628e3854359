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
import { serve, type Log, type MutualTls, type Running, type Telemetry } from '@sallyport/service';
import type { AnyTRPCRouter } from '@trpc/server';
import type pg from 'pg';
import type { CatalogDatabase } from './database.ts';
import type { CatalogReads } from './product-reads.ts';
import { catalogRouter } from './router.ts';
import type { Context } from './trpc.ts';

export type CatalogParts = Readonly<{
  port: number;
  host: string;
  pool: pg.Pool;
  database: CatalogDatabase;
  reads: CatalogReads;
  gates: Gates;
  revocations: RevocationFeed;
  keys: Pick<RemoteKeys, 'usable' | 'close'>;
  policy: PolicyFeed;
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

/** Puts the service on the network; a fixture serves other procedures of its `Context`. It closes `pool`, `keys`, `policy`, `gates` and `revocations` when it stops. */
export function serveCatalog(parts: CatalogParts, router: AnyTRPCRouter = catalogRouter): Promise<Running> {
  const { port, host, pool, database, reads, gates, revocations, keys, policy, log } = parts;
  return serve({
    name: 'catalog',
    router: sealRouter(router),
    port,
    host,
    mutualTls: parts.mutualTls,
    maxBodyBytes: 64 * 1024,
    maxBatchSize: 10,
    allowedOrigins: parts.allowedOrigins ?? [],
    publicUrls: parts.publicUrls ?? [],
    directCalls: parts.directCalls,
    createContext: (incoming): Context => ({
      request: openRequest({ ...incoming, gates, policy }),
      database,
      reads,
      log,
    }),
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
    telemetry: parts.telemetry,
    onClose: async () => {
      gates.close();
      revocations.close();
      keys.close();
      policy.close();
      await pool.end();
    },
  });
}
