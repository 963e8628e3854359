import type { AnyTRPCRouter } from '@trpc/server';
import { resolveResponse, type TRPCRequestInfo } from '@trpc/server/http';
import type { CallRequest } from './call-query.ts';
import type { Exchange } from './http-exchange.ts';
import { incomingReader, type TrpcEndpointOptions } from './incoming.ts';
import { responseMeta } from './public-error.ts';

export const trpcPath = '/trpc/';

/**
 * Lets tRPC answer an exchange whose limits were checked and whose body was read. It is tRPC's own resolver without one of
 * its Node adapters: those read the body after the context is made, and leave no way to end a stream but to break it.
 */
export function trpcEndpoint<Router extends AnyTRPCRouter>(options: TrpcEndpointOptions<Router>) {
  const { router, createContext, maxBatchSize, onStream, onError } = options;
  const readIncoming = incomingReader(router);

  return function answerByTrpc({ exchange, body }: CallRequest): Promise<Response> {
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
        return createContext(readIncoming(calls, exchange));
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
