import type { HTTPLinkOptions } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { headersOf } from './request-headers.ts';

export type HttpEndpoint = Readonly<{
  /** The service's URL, e.g. `http://localhost:4001`. */
  url: string;
  fetch: typeof fetch;
}>;

type Sending = Pick<HTTPLinkOptions<AnyRouter['_def']['_config']['$types']>, 'url' | 'fetch' | 'headers'>;
type Address = Pick<HttpEndpoint, 'url'>;

/**
 * Options for the link that sends. A redirect is an error: followed, it would take the tokens to whoever is named in it.
 */
export function sendingTo(endpoint: HttpEndpoint): Sending & { fetch: NonNullable<Sending['fetch']> } {
  return {
    ...addressedTo(endpoint),
    // tRPC's `signal: undefined` is not what the standard's types allow.
    fetch: (url: string, init) => endpoint.fetch(url, { ...init, signal: init?.signal ?? null, redirect: 'error' }),
  };
}

/** Of these options, where to. Headers are those that the links before have left on the operation. */
export function addressedTo(endpoint: Address): Pick<Sending, 'url' | 'headers'> {
  return { url: trpcUrl(endpoint), headers: ({ op }) => headersOf(op) };
}

/** Every service of the house answers tRPC under this path. */
export function trpcUrl(endpoint: Address): string {
  return `${endpoint.url.replace(/\/$/, '')}/trpc`;
}
