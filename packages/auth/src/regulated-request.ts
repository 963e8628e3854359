import type { Denial } from './denial.ts';
import type { RequestContext } from './request-context.ts';

const idempotencyKeyGrammar = /^[!-~]{1,255}$/;

/**
 * What a regulated action asks of the request itself: to be alone in it, and one idempotency key. Throws where one context is used for
 * several calls: no HTTP request does that.
 */
export function refuseUnregulated(request: RequestContext): Denial | undefined {
  if (request.calls > 1) return { reason: 'regulated_in_batch' };
  const [key, second] = request.idempotencyKeys;
  if (key === undefined) return { reason: 'idempotency_key_missing' };
  if (second !== undefined || !idempotencyKeyGrammar.test(key)) return { reason: 'idempotency_key_malformed' };
  request.takeAlone();
  return undefined;
}
