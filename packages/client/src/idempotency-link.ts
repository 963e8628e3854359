import type { TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { oneAnswerLink } from './one-answer-link.ts';
import { withHeaders } from './request-headers.ts';

/**
 * Gives each mutation one key for its whole life, so that sending it again is not doing it again. To repeat a mutation
 * after a crash, bring the key: `mutate(input, { context: { idempotencyKey } })`. 1 to 255 printable ASCII characters.
 */
export function idempotencyLink<Router extends AnyRouter>(): TRPCLink<Router> {
  return oneAnswerLink((op, send) => {
    if (op.type !== 'mutation') return send(op);
    const given = op.context['idempotencyKey'];
    const key = typeof given === 'string' ? given : crypto.randomUUID();
    return send(withHeaders(op, { 'idempotency-key': key }));
  });
}
