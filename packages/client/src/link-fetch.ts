import type { HTTPLinkOptions } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import type { SendRequest } from './send-request.ts';

type LinkFetch = NonNullable<HTTPLinkOptions<AnyRouter['_def']['_config']['$types']>['fetch']>;

/**
 * As much of a `fetch` as tRPC's link asks of one, with the answer's text bounded. By undici at half the cost: `fetch` makes a request, a
 * response and streams of each call.
 */
export function linkFetchBy(send: SendRequest): LinkFetch {
  return async (url, { method, headers = {}, body, signal } = {}) => {
    if (typeof body === 'object' || !signal) throw new Error('Only JSON is sent to a service, and with a deadline.');
    const sent = { url: String(url), headers: Object.fromEntries(Object.entries(headers)), signal };
    const { status, text } = await send({ ...sent, ...(method === 'GET' ? { method } : { body: body ?? '' }) });
    return { ok: status === 200, json: async (): Promise<unknown> => JSON.parse(text) };
  };
}
