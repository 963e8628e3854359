import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { systemClock, type Clock } from './clock.ts';
import { NoAnswerInTime, withinDeadline } from './deadline.ts';

/** Nobody was asked: the last answers were outages, and it is not yet time to try again. `cause` is the last outage. */
export class BreakerOpen extends Error {
  override readonly name = 'BreakerOpen';
  constructor(cause: unknown) {
    super('the breaker is open', { cause });
  }
}

/** Told once when the breaker opens, and once when it closes again. */
export type BreakerTransition =
  | Readonly<{ to: 'open'; failures: number; error: unknown }>
  | Readonly<{
      to: 'closed';
      /** Milliseconds since it opened. */
      openForMs: number;
      /** Questions that were not asked meanwhile. */
      refused: number;
      /** Questions that were asked to see whether the authority is back, the last one included. */
      probes: number;
    }>;

/** Times in milliseconds, counts, what is an outage, and who hears of the breaker. */
export type GuardOptions = Readonly<{
  /** Milliseconds from asking to an answer, retries included. Default 1000. */
  deadlineMs?: number;
  /** How often a question is asked again after an outage, at most. Default 2. */
  retries?: number;
  /** The longest wait before the first retry, in milliseconds; the next may wait twice as long. Default 50. */
  retryWithinMs?: number;
  /** Outages in a row that open the breaker. Default 5. */
  openAfter?: number;
  /** Milliseconds from opening, or from a probe that failed, to the next probe. Default 500. */
  probeAfterMs?: number;
  /**
   * Whether an error means that nobody knows. Only these are retried and counted; every other error is an answer, which the
   * same question would get again. Default: every error. A deadline that passed always is an outage, a caller's abort never.
   */
  isOutage?: (error: unknown) => boolean;
  clock?: Clock;
  /** 0 ≤ random < 1, for the jitter of retries. */
  random?: () => number;
  onTransition?: (transition: BreakerTransition) => void;
}>;

/** A question that may be asked twice, because asking changes nothing. */
type Ask<Question, Answer> = (question: Question, signal: AbortSignal) => Promise<Answer>;

/**
 * Puts a deadline, a circuit breaker and jittered retries around a question to an authority: `AskAuthority`, or anything
 * else of that shape which only reads, such as an RFC 7662 client. Not for what changes something.
 *
 * Each retry asks anew, so an answer is never older than the question. A retry is made only when it can still be answered
 * in time. While the breaker is open one question at a time is let through to see whether the authority is back.
 *
 * A caller that goes away is told at once, but the attempt on the way goes on to its own end, because only that tells
 * whether the authority is there.
 *
 * Belongs under `coalescingAuthority`, so that what it counts and repeats are calls, not callers.
 *
 * @throws BreakerOpen, NoAnswerInTime, the caller's own reason when it went away, or what the last attempt failed with
 */
export function guardedAuthority<Question, Answer>(
  ask: Ask<Question, Answer>,
  options: GuardOptions = {},
): Ask<Question, Answer> {
  const { deadlineMs = 1000, retries = 2, retryWithinMs = 50, clock = systemClock, random = Math.random } = options;
  const isOutage = (error: unknown): boolean => error instanceof NoAnswerInTime || (options.isOutage?.(error) ?? true);
  const breaker = openBreaker(isOutage, options);

  return async (question, signal) => {
    const endsAtMs = clock.monotonicMs() + deadlineMs;
    const leftMs = (): number => endsAtMs - clock.monotonicMs();
    const longestWaitMs = (retried: number): number => retryWithinMs * 2 ** (retried - 1);
    const mayRetry = (error: unknown): boolean =>
      !(error instanceof BreakerOpen) && isOutage(error) && leftMs() > longestWaitMs(retries);
    const asking = retry(handleWhen(mayRetry), {
      maxAttempts: retries,
      backoff: new DelegateBackoff(({ attempt }) => random() * longestWaitMs(attempt)),
    });
    const attempt = (): Promise<Answer> => {
      signal.throwIfAborted();
      return breaker(() => withinDeadline(leftMs(), (ending) => ask(question, ending)));
    };
    return unlessAborted(signal, () => asking.execute(attempt, signal));
  };
}

function openBreaker(isOutage: (error: unknown) => boolean, options: GuardOptions) {
  const { openAfter = 5, probeAfterMs = 500, clock = systemClock, onTransition } = options;
  let refused = 0;
  let probes = 0;
  let openedAtMs = 0;
  let isReportedOpen = false;
  let lastOutage: unknown;
  const policy: CircuitBreakerPolicy = circuitBreaker(handleWhen(isOutage), {
    breaker: new ConsecutiveBreaker(openAfter),
    halfOpenAfter: monotonicWait(probeAfterMs, clock),
  });

  policy.onBreak((reason) => {
    lastOutage = 'error' in reason ? reason.error : undefined;
    if (isReportedOpen) return;
    isReportedOpen = true;
    openedAtMs = clock.monotonicMs();
    refused = 0;
    probes = 0;
    onTransition?.({ to: 'open', failures: openAfter, error: lastOutage });
  });
  policy.onHalfOpen(() => (probes += 1));
  policy.onReset(() => {
    isReportedOpen = false;
    onTransition?.({ to: 'closed', openForMs: clock.monotonicMs() - openedAtMs, refused, probes });
  });

  return async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
    try {
      // cockatiel lets others wait for the probe. They would wait for a whole deadline when the authority hangs.
      if (policy.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
      return await policy.execute(call);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      refused += 1;
      throw new BreakerOpen(lastOutage);
    }
  };
}

/**
 * cockatiel compares the calendar (`Date.now`) with this duration: a clock that is set back an hour would keep the breaker
 * open for an hour. So the duration itself looks at monotonic time, and says "for ever" or "over".
 */
function monotonicWait(waitMs: number, clock: Clock) {
  const begin = () => {
    const beganAtMs = clock.monotonicMs();
    return {
      get duration(): number {
        return clock.monotonicMs() - beganAtMs < waitMs ? Infinity : -Infinity;
      },
      next: begin,
    };
  };
  return { next: begin };
}

function unlessAborted<Value>(signal: AbortSignal, run: () => Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    run()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
