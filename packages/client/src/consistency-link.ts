import type { TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { oneAnswerLink } from './one-answer-link.ts';
import { withHeaders } from './request-headers.ts';

/** The newest consistency token that this client was handed. Lives as long as the page does. */
export type ConsistencyMemory = Readonly<{ newest: () => string | undefined; note: (token: string) => void }>;

/** Opaque, but for this: of two tokens the greater text is the newer. Answers may arrive in any order. */
export function consistencyMemory(): ConsistencyMemory {
  let newest: string | undefined;
  return {
    newest: () => newest,
    note: (token) => {
      // What no header could carry is no token.
      if (!/^[!-~]{1,64}$/.test(token)) return;
      if (newest === undefined || token > newest) newest = token;
    },
  };
}

/**
 * Presents the newest consistency token with every call, to whatever service: none answers from a state before it. And
 * notes the one that an answer hands out, as `consistencyToken`: what ended a session is seen by this client's next call.
 */
export function consistencyLink<Router extends AnyRouter>({ newest, note }: ConsistencyMemory): TRPCLink<Router> {
  return oneAnswerLink(async (op, send) => {
    const token = newest();
    const answer = await send(token === undefined ? op : withHeaders(op, { 'consistency-token': token }));
    const { result } = answer;
    const handedOut = 'data' in result ? tokenIn(result.data) : undefined;
    if (handedOut !== undefined) note(handedOut);
    return answer;
  });
}

function tokenIn(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('consistencyToken' in data)) return undefined;
  return typeof data.consistencyToken === 'string' ? data.consistencyToken : undefined;
}
