import type { Exchange } from './http-exchange.ts';

const allowedHeaders = [
  'Authorization',
  'Consistency-Token',
  'Content-Type',
  'DPoP',
  'Idempotency-Key',
  'Last-Event-Id',
  'Request-Timeout-Ms',
  'traceparent',
  'trpc-accept',
].join(', ');

/**
 * Lets pages of exactly these origins read our answers (Fetch standard, CORS). Answers true when the request was a
 * preflight of such a page and is done.
 *
 * There is no check against foreign pages that send without reading: tokens travel in a header that no page can make a
 * browser add, and there is no cookie.
 */
export function admitOrigin({ method, headers, response }: Exchange, allowedOrigins: readonly string[]): boolean {
  if (allowedOrigins.length === 0) return false;
  response.appendHeader('Vary', 'Origin');
  const [origin, second] = headers('origin');
  if (origin === undefined || second !== undefined || !allowedOrigins.includes(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader(
    'Access-Control-Expose-Headers',
    'Consistency-Token, DPoP-Nonce, Request-Id, Retry-After, WWW-Authenticate',
  );
  if (method !== 'OPTIONS' || headers('access-control-request-method').length === 0) return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
  response.setHeader('Access-Control-Allow-Headers', allowedHeaders);
  response.setHeader('Access-Control-Max-Age', '600');
  response.writeHead(204).end();
  return true;
}
