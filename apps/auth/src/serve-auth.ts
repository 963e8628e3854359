import { liveWithinMs, openRequest } from '@sallyport/auth';
import { isReachable } from '@sallyport/db';
import { serve, type MutualTls, type Running, type Telemetry } from '@sallyport/service';
import { isForAdmin } from './admin/admin-gate.ts';
import { openCallerReader } from './caller.ts';
import { providerRoutes } from './identities/provider-routes.ts';
import { oauthRoutes } from './oauth/oauth-routes.ts';
import type { OpenedAuthority } from './open-authority.ts';
import { sealedAuthRouter } from './router.ts';
import { openTrust } from './trust.ts';

export type AuthParts = Readonly<{
  port: number;
  host: string;
  opened: OpenedAuthority;
  /** Web pages that may read the answers. Default: none. */
  allowedOrigins?: readonly string[];
  /** Addresses or networks whose `X-Forwarded-For` is believed. Default: nobody's. */
  trustedProxies?: readonly string[];
  /** Default: nothing is counted. */
  telemetry?: Telemetry | undefined;
  /** A second address, for services that show certificates. Default: none. */
  mutualTls?: MutualTls | undefined;
}>;

/** Puts the authority on the network. It closes what was opened when it stops. */
export function serveAuth(parts: AuthParts): Promise<Running> {
  const { port, host, opened, allowedOrigins = [], trustedProxies, mutualTls } = parts;
  const { authority, wake } = opened;
  const mutualTlsUrl = mutualTls && `https://${new URL(authority.issuer).hostname}:${mutualTls.port}`;
  const readCaller = openCallerReader(trustedProxies);
  const { gates, adminGates, revocations } = openTrust(authority, wake, parts.telemetry);
  return serve({
    name: 'auth',
    router: sealedAuthRouter,
    port,
    host,
    mutualTls,
    maxBodyBytes: 16 * 1024,
    // Nothing here is worth a batch, and a batch of sign-ins is a guessing machine.
    maxBatchSize: 1,
    // Each service asks it all the time, to know that its feed is whole.
    routinePaths: ['/trpc/internal.position'],
    allowedOrigins,
    publicUrls: [authority.issuer.replace(/\/$/, '')],
    createContext: (incoming) => ({
      request: openRequest({ ...incoming, gates: isForAdmin(incoming.calls) ? adminGates : gates }),
      authority,
      caller: readCaller({ header: incoming.headers, remoteAddress: incoming.remoteAddress }),
      wake,
      log: authority.log,
    }),
    routes: [...oauthRoutes(authority, readCaller, mutualTlsUrl), ...providerRoutes(authority, readCaller)],
    readiness: async () => ({
      database: await isReachable(authority.database.$client),
      keys: authority.keys.published().length > 0,
      feed: revocations.silenceMs() <= liveWithinMs,
    }),
    readings: () => ({ feedSilenceMs: Math.round(revocations.silenceMs()) }),
    log: authority.log,
    telemetry: parts.telemetry,
    onClose: async () => {
      gates.close();
      adminGates.close();
      revocations.close();
      await opened.close();
    },
  });
}
