import {
  followRevocations,
  localVerifier,
  openGates,
  openRequest,
  remoteKeys,
  transactionVerifier,
} from '@sallyport/auth';
import { sealRouter, trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { callService, openServiceClient } from '@sallyport/client/service';
import { createLog, formatError, serve } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import type { newServiceKey } from './callers.ts';

/** A hop of a chain, as the service that was called saw it. */
export type SeenHop = Readonly<{ service: string; header: string; subject: string; chain: readonly string[] }>;

type ChainedService = Readonly<{
  name: string;
  issuer: string;
  key: Awaited<ReturnType<typeof newServiceKey>>;
  /** The service that it calls on to, in the same person's name. */
  next?: Readonly<{ name: string; url: string }>;
}>;

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create({ errorFormatter: formatError, isDev: false });
const trust = trustTiers(t.procedure);

/**
 * A service over real HTTP that is called in a person's name: says what it got, and calls on in the same transaction. Its one
 * procedure asks for the scope `<name>:read`.
 */
export async function runChainedService({ name, issuer, key, next }: ChainedService) {
  const service = openServiceClient({ issuer, clientId: name, privateKey: key.privateJwk });
  const keys = remoteKeys({ url: service.keySetUrl });
  const revocations = followRevocations(service.feed);
  const local = localVerifier({ issuer, audience: name, keys });
  const transactions = transactionVerifier({ issuer, trustDomain: 'sallyport', keys });
  const gates = openGates({ issuers: [{ issuer, local, revocations }], transactions });

  const router = t.router({
    hops: trust
      .authenticatedRead({ scope: `${name}:read`, from: 'transaction' })
      .query(async ({ ctx }): Promise<SeenHop[]> => {
        const { request, principal } = ctx;
        const header = request.transaction.kind === 'token' ? request.transaction.token : '';
        const seen = { service: name, header, subject: principal.subject, chain: principal.transaction.chain };
        if (next === undefined) return [seen];
        const transaction = await service.replace({ transaction: header, scope: `${next.name}:read` });
        const call = callService<ChainRouter>({
          service,
          url: next.url,
          audience: next.name,
          scope: `${next.name}:read`,
        });
        return [seen, ...(await call({ request, transaction }).hops.query())];
      }),
  });

  const running = await serve({
    name,
    router: sealRouter(router),
    port: 0,
    host: '127.0.0.1',
    createContext: (incoming) => ({ request: openRequest({ ...incoming, gates }) }),
    readiness: async () => ({ feed: revocations.silenceMs() < 3000 }),
    log: createLog(name, 'silent'),
    onClose: async () => {
      gates.close();
      revocations.close();
      keys.close();
    },
  });
  return { ...running, service, isReady: () => revocations.silenceMs() < 3000 };
}

const shape = t.router({
  hops: trust.authenticatedRead({ scope: 'any', from: 'transaction' }).query((): SeenHop[] => []),
});

export type ChainRouter = typeof shape;
