import { systemClock, type Principal } from '@sallyport/auth';
import { databaseFailure, inTransaction } from '@sallyport/db';
import { refuse } from '@sallyport/service';
import type { PaymentsDatabase, PaymentsQueries } from './database.ts';

/** Milliseconds from the question to the authority to the last moment at which COMMIT may begin (promise P1). */
const commitWithinMs = 2000;

/** Of which this much is set aside for getting a connection and opening the transaction on it. */
const openWithinMs = 500;

/** Milliseconds to wait for another transaction, such as a twin with the same key. */
const lockWithinMs = 1000;

/** Milliseconds left, before a transaction must be opened, for what a payment has to find out first. May be negative. */
export function timeToOpenMs(principal: Principal<'fresh+mfa'>): number {
  return principal.checkedAtMs + commitWithinMs - openWithinMs - systemClock.monotonicMs();
}

/**
 * Runs `work` in a transaction that commits no later than 2 s after the authority was asked about its principal.
 *
 * PostgreSQL keeps the time itself (`transaction_timeout`), so a stalled process cannot commit late. Its clock starts when
 * the transaction does, so that moment is checked: a connection that came too late is given back unused. Not bounded:
 * COMMIT's own write to disk, once it has begun.
 *
 * @throws 503 `temporarily_unavailable` when time is over or the database is lost. After a COMMIT whose answer was lost
 *   nobody knows the outcome: the same request with the same key finds out.
 */
export async function inFreshTransaction<Result>(
  database: PaymentsDatabase,
  principal: Principal<'fresh+mfa'>,
  work: (transaction: PaymentsQueries) => Promise<Result>,
): Promise<Result> {
  const endsAtMs = principal.checkedAtMs + commitWithinMs;
  const withinMs = Math.floor(timeToOpenMs(principal));
  if (withinMs < 1) return refuseUnconfirmed();
  let opened = false;
  try {
    return await inTransaction(
      database,
      { withinMs, lockWithinMs: Math.min(withinMs, lockWithinMs) },
      (transaction) => {
        opened = true;
        return systemClock.monotonicMs() + withinMs > endsAtMs ? refuseUnconfirmed() : work(transaction);
      },
    );
  } catch (error) {
    const { kind } = databaseFailure(error);
    if (!opened || kind === 'unreachable' || kind === 'contended') return refuseUnconfirmed();
    throw error;
  }
}

/** One sentence for "no" and for "who knows": what to do is the same. */
function refuseUnconfirmed(): never {
  refuse({
    code: 'SERVICE_UNAVAILABLE',
    reason: 'temporarily_unavailable',
    message: 'This could not be confirmed in time. Send the same request again with the same Idempotency-Key.',
  });
}
