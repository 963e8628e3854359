import type { HeaderValues, Sender, Trace, TrustTier } from '@sallyport/auth';
import type { SealedRouter } from '@sallyport/auth/trpc';
import type { AnyTRPCRouter, inferRouterContext } from '@trpc/server';
import type { Exchange } from './http-exchange.ts';

/** What a service makes a request's context from; `openRequest({ ...incoming, gates })` takes it as it is, and copies it fastest in this order. */
export type Incoming = Readonly<{
  /** Every header line by itself. */
  headers: HeaderValues;
  /** The trace that this request is logged under: the caller's, or one that begins here. */
  trace: Trace;
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

export function incomingReader({ tiers }: Pick<SealedRouter, 'tiers'>) {
  // A path that leads nowhere asks for nothing; tRPC answers it 404.
  const tierOf = (path: string): TrustTier => tiers.get(path) ?? 'publicRead';

  return (calls: readonly string[], exchange: Exchange): Incoming => {
    const { headers, trace, remoteAddress, sender, abort } = exchange;
    return { headers, trace, calls, tiers: calls.map(tierOf), signal: abort.signal, remoteAddress, sender };
  };
}
