import type { Clock } from './clock.ts';
import type { Timers } from './timers.ts';

/** Milliseconds from one question to the next, while answers come. */
const askEveryMs = 1000;
const answerWithinMs = 1000;

export type QuestionOptions = Readonly<{
  clock: Clock;
  timers: Timers;
  ask: (signal: AbortSignal) => Promise<number>;
  /** Called when a question is asked; what it returns is called with the answer, if there is one in time. */
  onAsked: (askedAtMs: number) => (position: number) => void;
  onUnanswered: (error: unknown) => void;
}>;

/** Asks at once and then about once a second, never a second question while one is under way. Answers how to stop. */
export function askRegularly({ clock, timers, ask, onAsked, onUnanswered }: QuestionOptions): () => void {
  let cancelNext = (): void => {};
  let abort = new AbortController();
  let closed = false;

  async function askOnce(): Promise<void> {
    const askedAtMs = clock.monotonicMs();
    const onAnswer = onAsked(askedAtMs);
    abort = new AbortController();
    try {
      const position = await withDeadline(timers, abort, ask);
      if (!closed) onAnswer(position);
    } catch (error) {
      if (!closed) onUnanswered(error);
    }
    if (closed) return;
    cancelNext = timers.after(Math.max(0, askedAtMs + askEveryMs - clock.monotonicMs()), () => void askOnce());
  }

  void askOnce();
  return () => {
    closed = true;
    cancelNext();
    abort.abort();
  };
}

/** The signal stops the transport; the race ends the question when the transport does not listen. */
async function withDeadline(timers: Timers, abort: AbortController, ask: QuestionOptions['ask']): Promise<number> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const cancel = timers.after(answerWithinMs, () => {
    reject(new Error(`no answer within ${answerWithinMs} ms`));
    abort.abort();
  });
  try {
    const position = await Promise.race([ask(abort.signal), tooLate]);
    if (!Number.isSafeInteger(position) || position < 0) throw new Error('the answer is no position');
    return position;
  } finally {
    cancel();
  }
}
