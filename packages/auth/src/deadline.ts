/** Nobody answered in time. Says nothing about what was asked. */
export class NoAnswerInTime extends Error {
  override readonly name = 'NoAnswerInTime';
  constructor(deadlineMs: number) {
    super(`no answer within ${Math.round(deadlineMs)} ms`);
  }
}

/**
 * Runs something that must end within `deadlineMs`. The signal asks it to stop then; the answer is `NoAnswerInTime` at that
 * moment even when it does not listen. What it answers later is dropped, and never an unhandled rejection.
 */
export function withinDeadline<Value>(
  deadlineMs: number,
  run: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const ending = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const late = new NoAnswerInTime(deadlineMs);
      reject(late);
      ending.abort(late);
    }, deadlineMs);
    // Whatever `run` throws before its first promise is an answer too.
    void (async () => run(ending.signal))()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
