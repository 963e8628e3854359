import type { TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { reasonOf } from './denial-answer.ts';
import { oneAnswerLink } from './one-answer-link.ts';
import { withHeaders } from './request-headers.ts';
import type { ServiceTokens } from './service-token.ts';
import { unlessAborted } from './unless-aborted.ts';

export type ServiceTokenLinkOptions = Readonly<{ tokens: ServiceTokens; audience: string; scope: string }>;

/**
 * Calls as this service. A token that the peer no longer takes (a signing key was revoked, say) is replaced once and the
 * call sent again: a call answered 401 has done nothing, so this is safe for mutations too.
 */
export function serviceTokenLink<Router extends AnyRouter>(options: ServiceTokenLinkOptions): TRPCLink<Router> {
  const { tokens, audience, scope } = options;
  return oneAnswerLink(async (op, send) => {
    const take = () => unlessAborted(tokens.token(audience, scope), op.signal);
    const token = await take();
    try {
      return await send(withHeaders(op, { authorization: `Bearer ${token}` }));
    } catch (error) {
      if (reasonOf(error) !== 'invalid_token') throw error;
      tokens.forget(token);
      return send(withHeaders(op, { authorization: `Bearer ${await take()}` }));
    }
  });
}
