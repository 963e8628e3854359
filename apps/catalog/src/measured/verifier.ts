import { openRequest, remoteKeys, systemClock, type TrustTier } from '@sallyport/auth';
import { testAuthority } from '@sallyport/auth/testing';
import { sealRouter, trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { createLog, formatError, readEnvironment, serve, startService, type Route } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import { catalogSettings } from '../environment.ts';
import { openTrust } from '../trust.ts';

// Catalog's own gates, and nothing of catalog behind them: the benchmark shows it a million tokens and looks at what stays in its
// memory. Many come in one request, since it is not HTTP that is looked at. The keys are the issuer's, over HTTP; feed and
// introspection are in memory, where nobody ever revokes anything.

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create({ errorFormatter: formatError, isDev: false });
const router = t.router({
  seen: trustTiers(t.procedure)
    .authenticatedRead({ scope: 'catalog:read' })
    .query(() => true),
});
const call = router.createCaller;
const tiers: readonly TrustTier[] = ['authenticatedRead'];

const memoryRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/memory',
    handle: async () => ({ status: 200, json: { residentBytes: process.memoryUsage().rss } }),
  },
  {
    method: 'GET',
    path: '/memory-in-use',
    handle: async () => {
      globalThis.gc?.();
      return { status: 200, json: { heapBytes: process.memoryUsage().heapUsed } };
    },
  },
];

/** As many callers as there are under load. */
const together = 64;

await startService('catalog', async () => {
  const { PORT, HOST, LOG_LEVEL, ISSUER } = catalogSettings;
  const {
    PORT: port,
    HOST: host,
    LOG_LEVEL: level,
    ISSUER: issuer,
  } = readEnvironment({ PORT, HOST, LOG_LEVEL, ISSUER });
  const log = createLog('catalog', level);
  const keys = remoteKeys({ url: `${issuer}/oauth/jwks` });
  const { introspect: ask, feed } = await testAuthority(systemClock, issuer);
  const policy = { announced: () => {}, reload: () => {} };
  const { gates, revocations } = openTrust({ issuer, keys, ask, feed, policy, log });

  const isAdmitted = async (token: string): Promise<boolean> => {
    const headers = (name: string): readonly string[] => (name === 'Authorization' ? [`Bearer ${token}`] : []);
    return call({ request: openRequest({ gates, headers, tiers }) })
      .seen()
      .catch(() => false);
  };
  const show: Route = {
    method: 'POST',
    path: '/tokens',
    handle: async (request) => {
      const tokens = request.form().get('tokens')?.split(' ') ?? [];
      let admitted = 0;
      for (let at = 0; at < tokens.length; at += together) {
        const answers = await Promise.all(tokens.slice(at, at + together).map(isAdmitted));
        admitted += answers.filter(Boolean).length;
      }
      return { status: 200, json: { admitted } };
    },
  };
  return serve({
    name: 'catalog',
    router: sealRouter(router),
    port,
    host,
    maxBodyBytes: 1024 * 1024,
    createContext: (incoming) => ({ request: openRequest({ ...incoming, gates }) }),
    readiness: async () => ({ keys: keys.usable() }),
    routes: [show, ...memoryRoutes],
    log,
    onClose: async () => {
      gates.close();
      revocations.close();
      keys.close();
    },
  });
});
