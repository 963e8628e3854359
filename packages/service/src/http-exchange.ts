import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeaderValues, Trace } from '@sallyport/auth';
import { readTrace, writeTrace } from '@sallyport/auth';

/** One request and its response, read once. */
export type Exchange = Readonly<{
  request: IncomingMessage;
  response: ServerResponse;
  method: string;
  /** As received, still percent-encoded. */
  path: string;
  /** Without the question mark. */
  query: string;
  /** Each header line by itself: Node's own `headers` keeps the first of two `Authorization` lines and hides the other. */
  headers: HeaderValues;
  trace: Trace;
  remoteAddress: string;
  /** Aborts when the caller goes away, and when the service has waited long enough while it stops. */
  abort: AbortController;
  startedAtMs: number;
  /** Why calls of this request were refused, for its line in the log. */
  reasons: string[];
}>;

export function openExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const [path = '', ...query] = (request.url ?? '').split('?');
  const received = headerValues(request.rawHeaders);
  const trace = readTrace(received('traceparent'));
  const abort = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort();
  });
  return {
    request,
    response,
    method: request.method ?? '',
    path,
    query: query.join('?'),
    // The trace that was started here is the one that everything behind continues.
    headers: (name) => (name.toLowerCase() === 'traceparent' ? [writeTrace(trace)] : received(name)),
    trace,
    remoteAddress: request.socket.remoteAddress ?? 'unknown',
    abort,
    startedAtMs: performance.now(),
    reasons: [],
  };
}

function headerValues(rawHeaders: readonly string[]): HeaderValues {
  const lines = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const values = lines.get(name) ?? [];
    values.push(rawHeaders[index + 1] ?? '');
    lines.set(name, values);
  }
  return (name) => lines.get(name.toLowerCase()) ?? [];
}
