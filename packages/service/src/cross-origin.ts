import { sendNothing } from './http-answer.ts';
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

const exposedHeaders = 'Consistency-Token, DPoP-Nonce, Request-Id, Retry-After, WWW-Authenticate';

/**
 * Lets pages of exactly these origins read our answers (Fetch standard, CORS). Answers true when the request was a
 * preflight of such a page and is done.
 *
 * There is no check against foreign pages that send without reading: tokens travel in a header that no page can make a
 * browser add, and there is no cookie.
 */
export function admitOrigin(exchange: Exchange, allowedOrigins: readonly string[]): boolean {
  const { method, headers, answerHeaders } = exchange;
  if (allowedOrigins.length === 0) return false;
  answerHeaders.push('Vary', 'Origin');
  const [origin, second] = headers('origin');
  if (origin === undefined || second !== undefined || !allowedOrigins.includes(origin)) return false;
  answerHeaders.push('Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', exposedHeaders);
  if (method !== 'OPTIONS' || headers('access-control-request-method').length === 0) return false;
  answerHeaders.push('Access-Control-Allow-Methods', 'GET, POST', 'Access-Control-Allow-Headers', allowedHeaders);
  answerHeaders.push('Access-Control-Max-Age', '600');
  sendNothing(exchange, 204);
  return true;
}
