import type { HttpEndpoint } from './http-endpoint.ts';

type JsonRequest = Readonly<{
  url: string;
  /** Default POST. */
  method?: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  /** JSON. */
  body?: string;
  signal: AbortSignal;
}>;

type JsonAnswer = Readonly<{ status: number; text: string }>;

/** Sends one request, and answers its whole answer. Rejects when there was none. Follows no redirect: it would take the token along. */
export type SendJson = (request: JsonRequest) => Promise<JsonAnswer>;

/** By somebody's own `fetch`: with a certificate, say. */
export function sendingBy(send: HttpEndpoint['fetch']): SendJson {
  return async ({ url, ...request }) => {
    const response = await send(url, { method: 'POST', redirect: 'error', ...request });
    return { status: response.status, text: await response.text() };
  };
}

/**
 * By undici itself, where the standard's `fetch` makes a request, a response and streams of each. Its `dispatch` is told of the answer
 * piece by piece, and makes no stream of it either, which would cost half as much again.
 */
export function sendingByUndici(): SendJson {
  // Loaded when the global `fetch` has been used, for the token: before that, it would put its own connections behind it.
  const load = () => import('undici');
  let loaded: ReturnType<typeof load> | undefined;
  return async ({ url, method = 'POST', headers, body, signal }) => {
    const { getGlobalDispatcher } = await (loaded ??= load());
    signal.throwIfAborted();
    const { origin, pathname, search } = new URL(url);
    const { promise, resolve, reject } = Promise.withResolvers<JsonAnswer>();
    const chunks: Uint8Array[] = [];
    let status = 0;
    let stop = (): void => {};
    const abort = (): void => {
      reject(signal.reason);
      stop();
    };
    signal.addEventListener('abort', abort, { once: true });
    getGlobalDispatcher().dispatch(
      { origin, path: pathname + search, method, headers, ...(body !== undefined && { body }) },
      {
        onRequestStart: (controller) => {
          stop = () => controller.abort(new Error('Nobody waits for the answer any more.'));
          // It waited for a connection until now.
          if (signal.aborted) stop();
        },
        onResponseStart: (_, statusCode) => {
          status = statusCode;
        },
        onResponseData: (_, chunk) => {
          chunks.push(chunk);
        },
        onResponseEnd: () => resolve({ status, text: Buffer.concat(chunks).toString() }),
        onResponseError: (_, error) => reject(error),
      },
    );
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  };
}
