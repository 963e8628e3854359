import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeaderValues, Sender, Trace } from '@sallyport/auth';
import { readTrace, writeTrace } from '@sallyport/auth';
import { certificateThumbprint } from './mutual-tls.ts';

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
  /** For tokens that are bound to whoever sends them. */
  sender: Sender;
  trace: Trace;
  remoteAddress: string;
  /** Aborts when the caller goes away, and when the service has waited long enough while it stops. */
  abort: AbortController;
  startedAtMs: number;
  /** Why calls of this request were refused, for its line in the log. */
  reasons: string[];
}>;

/** `publicUrls`: where clients find this service, each without a slash at the end. */
export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  publicUrls: readonly string[],
): Exchange {
  const [path = '', ...query] = (request.url ?? '').split('?');
  const received = headerValues(request.rawHeaders);
  const trace = readTrace(received('traceparent'));
  const thumbprint = certificateThumbprint(request.socket);
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
    sender: {
      method: request.method ?? '',
      url: `${publicUrlFor(received('host'), publicUrls)}${path}`,
      ...(thumbprint !== undefined && { certificateThumbprint: thumbprint }),
    },
    trace,
    remoteAddress: request.socket.remoteAddress ?? 'unknown',
    abort,
    startedAtMs: performance.now(),
    reasons: [],
  };
}

/** One of our own names, whichever the caller used: what a caller calls us proves nothing (RFC 9449 §4.3, check 9). */
function publicUrlFor(hosts: readonly string[], publicUrls: readonly string[]): string {
  const named = publicUrls.find((url) => URL.parse(url)?.host === hosts[0]?.toLowerCase());
  return named ?? publicUrls[0] ?? '';
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
