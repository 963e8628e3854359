import { refuseForNow } from '@sallyport/service';
import type { TRPCError } from '@trpc/server';

/**
 * Not now: the caller has asked too often (429), or there is no room for more work of this kind (503). Says nothing about
 * what was asked.
 */
export class TryLater extends Error {
  override readonly name = 'TryLater';
  readonly status: 429 | 503;
  readonly retryAfterSeconds: number;

  constructor(why: 'too many requests' | 'overloaded', retryAfterSeconds: number) {
    super(`${why}; again in ${retryAfterSeconds} s`);
    this.status = why === 'overloaded' ? 503 : 429;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

type Called = Readonly<{ ok: true }> | Readonly<{ ok: false; error: TRPCError }>;

/** A tRPC middleware: answers `TryLater`, from wherever in the call, with its status and `Retry-After`. */
export async function answerTryLater<Result extends Called>({
  next,
}: {
  next: () => Promise<Result>;
}): Promise<Result> {
  // `next` resolves with `ok: false` rather than rejecting.
  const result = await next();
  if (result.ok || !(result.error.cause instanceof TryLater)) return result;
  const { status, retryAfterSeconds } = result.error.cause;
  return refuseForNow(status === 429 ? 'too_many_requests' : 'temporarily_unavailable', retryAfterSeconds);
}
