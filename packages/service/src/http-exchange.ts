import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HeaderValues, Sender, Trace } from '@sallyport/auth';
import { certificateThumbprint } from './mutual-tls.ts';
import { standingHeaders } from './standing-headers.ts';

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
  /** What the answer's head will say, in pairs of name and value. Written once, with the status. */
  answerHeaders: string[];
  /** Why calls of this request were refused, for its line in the log. */
  reasons: string[];
}>;

/** Which of our own names a caller used, by the value of its `Host` header. No slash at the end. */
export type PublicUrlOf = (host: string | undefined) => string;

type Opening = Readonly<{
  publicUrlOf: PublicUrlOf;
  /** Of the values of `traceparent`. */
  readTrace: (values: readonly string[]) => Trace;
}>;

export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  { publicUrlOf, readTrace }: Opening,
): Exchange {
  const { method = '', url = '', rawHeaders, socket } = request;
  const headers = headerValues(rawHeaders);
  const trace = readTrace(headers('traceparent'));
  const thumbprint = certificateThumbprint(socket);
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  return {
    request,
    response,
    method,
    path,
    query: mark === -1 ? '' : url.slice(mark + 1),
    headers,
    sender: {
      method,
      url: publicUrlOf(headers('host')[0]) + path,
      ...(thumbprint !== undefined && { certificateThumbprint: thumbprint }),
    },
    trace,
    remoteAddress: socket.remoteAddress ?? 'unknown',
    abort: new AbortController(),
    startedAtMs: performance.now(),
    answerHeaders: standingHeaders(trace.traceId),
    reasons: [],
  };
}

/** One of our own names, whichever the caller used: what a caller calls us proves nothing (RFC 9449 §4.3, check 9). */
export function publicUrlReader(publicUrls: readonly string[]): PublicUrlOf {
  const [first = ''] = publicUrls;
  const byHost = new Map(publicUrls.toReversed().map((url) => [URL.parse(url)?.host, url]));
  return (host) => byHost.get(host?.toLowerCase()) ?? first;
}

/**
 * Looks at the lines when asked: requests have few, and making a map of them takes longer than all questions. Most questions are about
 * what is not there, and which lengths names have tells that.
 */
function headerValues(rawHeaders: readonly string[]): HeaderValues {
  let lengths = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) lengths |= 1 << (rawHeaders[index] ?? '').length;
  return (name) => {
    if ((lengths & (1 << name.length)) === 0) return none;
    let values: string[] | undefined;
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const line = rawHeaders[index] ?? '';
      if (line !== name && !isSpelled(line, name)) continue;
      const value = rawHeaders[index + 1] ?? '';
      if (values === undefined) values = [value];
      else values.push(value);
    }
    return values ?? none;
  };
}

/** Whether these are one name in whatever case: looked at closely where length and first letter fit. */
function isSpelled(line: string, name: string): boolean {
  if (line.length !== name.length || (line.charCodeAt(0) ^ name.charCodeAt(0)) & ~caseBit) return false;
  return line.toLowerCase() === name.toLowerCase();
}

const caseBit = 0x20;

const none: readonly string[] = [];
