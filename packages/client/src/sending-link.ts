import { httpBatchLink, httpLink, splitLink, type TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { sendingTo, type HttpEndpoint } from './http-endpoint.ts';
import { headersOf } from './request-headers.ts';

/** What services accept in one request. */
const maxBatchSize = 10;
/** Characters. Servers refuse a request head over 16 kB, and the tokens need their part of it. */
const maxUrlLength = 8_000;

/**
 * Sends queries of the same moment together, and each mutation by itself: a service decides a batch by its strictest
 * call, and money shares its request with nothing. Without `batching`, every call is by itself.
 */
export function sendingLink(endpoint: HttpEndpoint, batching: boolean): TRPCLink<AnyRouter> {
  const single = httpLink(sendingTo(endpoint));
  if (!batching) return single;
  return splitLink({ condition: (op) => op.type === 'query', true: batchPerCaller(endpoint), false: single });
}

/** A batch travels under one set of headers, so only calls with the same headers may share one. */
function batchPerCaller(endpoint: HttpEndpoint): TRPCLink<AnyRouter> {
  return (runtime) => {
    let current: { headers: string; send: ReturnType<TRPCLink<AnyRouter>> } | undefined;
    return (call) => {
      const headers = headersOf(call.op);
      const key = JSON.stringify(headers);
      if (current?.headers !== key) {
        const link = httpBatchLink<AnyRouter>({
          ...sendingTo(endpoint),
          headers,
          maxItems: maxBatchSize,
          maxURLLength: maxUrlLength,
        });
        current = { headers: key, send: link(runtime) };
      }
      return current.send(call);
    };
  };
}
