import type { Operation, TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { reasonOf } from './denial-answer.ts';
import type { Holding } from './held-tokens.ts';
import { oneAnswerLink } from './one-answer-link.ts';
import { withHeaders } from './request-headers.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { unlessAborted } from './unless-aborted.ts';

/** `DPoP`: with a proof of possession, which whoever sends adds (RFC 9449 §7.1). */
export type Presenting = Readonly<{ audience: string; scheme: 'Bearer' | 'DPoP' }>;

/**
 * Adds the access token for one service; none when signed out. A token that the service no longer takes is renewed and
 * the call sent once more: a call answered 401 has done nothing, so this holds for mutations too.
 *
 * When the authority refuses to renew, the caller sees the service's answer. When it cannot be reached, the caller sees
 * that, and not the 401: nobody was found to be signed out.
 */
export function authorizationLink<Router extends AnyRouter>(
  keeper: SessionKeeper,
  presenting: Presenting,
): TRPCLink<Router> {
  return oneAnswerLink(async (op, send) => {
    const held = await unlessAborted(keeper.usable(), op.signal);
    try {
      return await send(authorized(op, held, presenting));
    } catch (error) {
      if (held === undefined || reasonOf(error) !== 'invalid_token') throw error;
      const next = await unlessAborted(keeper.renewed(held), op.signal);
      if (next === undefined) throw error;
      return send(authorized(op, next, presenting));
    }
  });
}

function authorized(op: Operation, held: Holding | undefined, { audience, scheme }: Presenting): Operation {
  const access = held?.tokens.accessTokens[audienceOf(op.path, audience)];
  return access === undefined ? op : withHeaders(op, { authorization: `${scheme} ${access.token}` });
}

/** A service's name is its audience, but for what the authority offers to those who run the house: that has one of its own. */
function audienceOf(path: string, service: string): string {
  return service === 'auth' && path.startsWith('admin.') ? 'admin' : service;
}
