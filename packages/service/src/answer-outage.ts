import type { TRPCError } from '@trpc/server';
import type { Log } from './log.ts';
import { refuseUnavailable } from './refusal.ts';

type Called = Readonly<{ ok: true }> | Readonly<{ ok: false; error: TRPCError }>;

/**
 * A tRPC middleware: a call that failed because something behind the service is out (`isOutage` of the cause) is answered
 * 503, whichever procedure it was. An outage is no mistake of the caller's, and none of ours. What was out is logged once.
 */
export function answerOutage(isOutage: (cause: unknown) => boolean) {
  return function answerOutageOf<Result extends Called>({ ctx, path, next }: Call<Result>): Promise<Result> {
    // `next` resolves with `ok: false` rather than rejecting.
    return next().then((result) => {
      if (result.ok || !isOutage(result.error.cause)) return result;
      ctx.log.warn({ err: result.error.cause, path }, 'something behind this service is out');
      return refuseUnavailable();
    });
  };
}

type Call<Result> = Readonly<{ ctx: Readonly<{ log: Log }>; path: string; next: () => Promise<Result> }>;
