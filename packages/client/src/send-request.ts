import type { HttpEndpoint } from './http-endpoint.ts';

type TextRequest = Readonly<{
  url: string;
  /** Default POST. */
  method?: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  /** JSON or a form: its headers say which. */
  body?: string;
  signal: AbortSignal;
}>;

type TextAnswer = Readonly<{ status: number; text: string }>;

/**
 * Sends one request, and answers its whole answer. Rejects when there was none, or a longer one than is taken. Follows no redirect: it
 * would take the token along.
 */
export type SendRequest = (request: TextRequest) => Promise<TextAnswer>;

/** Bytes of an answer between services, decompressed. The longest that this house gives, to 128 questions of introspection, has some 200 kB. */
export const defaultMaxAnswerBytes = 4 * 1024 * 1024;

/** By somebody's own `fetch`: with a certificate, say. */
export function sendingBy(send: HttpEndpoint['fetch'], maxAnswerBytes = defaultMaxAnswerBytes): SendRequest {
  return async ({ url, ...request }) => {
    const response = await send(url, { method: 'POST', redirect: 'error', ...request });
    const received = receiveUpTo(maxAnswerBytes);
    const chunks: AsyncIterable<Uint8Array> | null = response.body;
    // Leaving the loop lets go of the connection.
    for await (const chunk of chunks ?? []) received.take(chunk);
    return { status: response.status, text: received.text() };
  };
}

/**
 * By undici itself, where the standard's `fetch` makes a request, a response and streams of each. Its `dispatch` is told of the answer
 * piece by piece, and makes no stream of it either, which would cost half as much again.
 */
export function sendingByUndici(maxAnswerBytes = defaultMaxAnswerBytes): SendRequest {
  // Loaded when the global `fetch` has been used, for the token: before that, it would put its own connections behind it.
  const load = () => import('undici');
  let loaded: ReturnType<typeof load> | undefined;
  return async ({ url, method = 'POST', headers, body, signal }) => {
    const { getGlobalDispatcher } = await (loaded ??= load());
    signal.throwIfAborted();
    const { origin, pathname, search } = new URL(url);
    const { promise, resolve, reject } = Promise.withResolvers<TextAnswer>();
    const received = receiveUpTo(maxAnswerBytes);
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
        // What is thrown here closes the connection, and comes back as the response's error.
        onResponseData: (_, chunk) => received.take(chunk),
        onResponseEnd: () => resolve({ status, text: received.text() }),
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

/** Puts an answer together. `take` throws as soon as there is more than `maxBytes`: whoever answers does not fill this process. */
function receiveUpTo(maxBytes: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    take: (chunk: Uint8Array): void => {
      size += chunk.length;
      if (size > maxBytes) throw new Error(`The answer is over ${maxBytes} bytes.`);
      chunks.push(chunk);
    },
    text: (): string => Buffer.concat(chunks).toString(),
  };
}
