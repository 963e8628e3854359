import type { HeaderValues, Sender, TrustTier } from '@sallyport/auth';
import type { SealedRouter } from '@sallyport/auth/trpc';
import type { AnyTRPCRouter, inferRouterContext } from '@trpc/server';
import { resolveResponse, type TRPCRequestInfo } from '@trpc/server/http';
import type { Exchange } from './http-exchange.ts';
import { responseMeta } from './public-error.ts';

/** What a service makes a request's context from; `openRequest({ gates, ...incoming })` takes it as it is. */
export type Incoming = Readonly<{
  /** Every header line by itself. `traceparent` is always there: it names the trace this request is logged under. */
  headers: HeaderValues;
  /** Paths of the calls in this request, in order. Their tiers stand in `tiers` at the same places. */
  calls: readonly string[];
  tiers: readonly TrustTier[];
  /** Aborts when the caller goes away, and when the service stops before the request is done. */
  signal: AbortSignal;
  remoteAddress: string;
  sender: Sender;
}>;

export type TrpcEndpointOptions<Router extends AnyTRPCRouter> = Readonly<{
  router: SealedRouter<Router>;
  createContext: (incoming: Incoming) => inferRouterContext<Router> | Promise<inferRouterContext<Router>>;
  maxBatchSize: number;
  /** Told when a request turns out to be a subscription, which ends only when somebody ends it. */
  onStream: (exchange: Exchange) => void;
  onError: (exchange: Exchange, error: Error) => void;
}>;

export const trpcPath = '/trpc/';

/**
 * Lets tRPC answer an exchange whose limits were checked and whose body was read. It is tRPC's own resolver without one of
 * its Node adapters: those read the body after the context is made, and leave no way to end a stream but to break it.
 */
export function trpcEndpoint<Router extends AnyTRPCRouter>(options: TrpcEndpointOptions<Router>) {
  const { router, createContext, maxBatchSize, onStream, onError } = options;
  // A path that leads nowhere asks for nothing; tRPC answers it 404.
  const tierOf = (path: string): TrustTier => router.tiers.get(path) ?? 'publicRead';

  return function answerCalls(exchange: Exchange, body: string | undefined): Promise<Response> {
    return resolveResponse({
      router: router.router,
      req: webRequest(exchange, body),
      path: exchange.path.slice(trpcPath.length),
      error: null,
      maxBatchSize,
      // A query may come as POST, which keeps its input out of addresses; a mutation never comes as GET.
      allowMethodOverride: true,
      createContext: async ({ info }: { info: TRPCRequestInfo }) => {
        if (info.type === 'subscription') onStream(exchange);
        const calls = info.calls.map(({ path }) => path);
        const { headers, remoteAddress, sender, abort } = exchange;
        const tiers = calls.map(tierOf);
        return createContext({ headers, calls, tiers, signal: abort.signal, remoteAddress, sender });
      },
      responseMeta,
      onError: ({ error }) => onError(exchange, error),
    });
  };
}

/** The headers that tRPC itself acts on. It gets no others, and above all no credential. */
const trpcHeaders = ['accept', 'trpc-accept', 'last-event-id'] as const;

function webRequest({ method, path, query, headers, abort }: Exchange, body: string | undefined): Request {
  const forwarded = new Headers(method === 'POST' ? { 'content-type': 'application/json' } : {});
  for (const name of trpcHeaders) {
    const value = headers(name)[0];
    if (value !== undefined) forwarded.set(name, value);
  }
  const url = `http://${authority}${path}?${query}`;
  return new Request(url, { method, headers: forwarded, signal: abort.signal, ...(body !== undefined && { body }) });
}

// Nothing looks at it; the Request class wants one. `.invalid` resolves nowhere (RFC 2606).
const authority = 'service.invalid';
