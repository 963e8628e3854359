import type { AskAboutOne, AskAuthority, IntrospectionAnswer, IntrospectionQuestion } from './authority.ts';

/** Limits of `coalescingAuthority`: one deadline in milliseconds, and two numbers of things at once. */
export type CoalescingOptions = Readonly<{
  /** Milliseconds from asking to an answer, waiting included. Default 1000. */
  deadlineMs?: number;
  /** Questions in one call. Default 128. */
  maxBatch?: number;
  /** Calls on the way at once. Default 2. */
  maxUnderWay?: number;
}>;

type Waiting = {
  readonly question: IntrospectionQuestion;
  readonly promise: Promise<IntrospectionAnswer>;
  readonly resolve: (answer: IntrospectionAnswer) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Puts many single questions into few calls, self-clocked: it asks at once when idle, and what arrives while calls are
 * on the way gathers into the next. There is no timer to tune and no waiting when there is nobody to wait for.
 *
 * A caller only ever joins a question that has *not been sent yet*, so an answer is never older than the question
 * (DESIGN §7). Answers are not kept.
 */
export function coalescingAuthority(ask: AskAuthority, options: CoalescingOptions = {}): AskAboutOne {
  const { deadlineMs = 1000, maxBatch = 128, maxUnderWay = 2 } = options;
  const waiting = new Map<string, Waiting>();
  let underWay = 0;

  function send(): void {
    while (underWay < maxUnderWay && waiting.size > 0) {
      const batch = [...waiting].slice(0, maxBatch);
      for (const [key] of batch) waiting.delete(key);
      underWay += 1;
      void askAll(batch.map(([, entry]) => entry)).finally(() => {
        underWay -= 1;
        send();
      });
    }
  }

  async function askAll(batch: readonly Waiting[]): Promise<void> {
    try {
      const questions = batch.map((entry) => entry.question);
      // The signal stops the transport; the race frees our place when the transport does not listen.
      const answers = await within(deadlineMs, ask(questions, AbortSignal.timeout(deadlineMs)));
      if (answers.length !== batch.length) throw new Error('the authority answered another number of questions');
      for (const [index, entry] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) entry.reject(new Error('the authority left a question out'));
        else entry.resolve(answer);
      }
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  }

  return (question) => {
    const key = questionKey(question);
    let entry = waiting.get(key);
    if (entry === undefined) {
      entry = { question, ...Promise.withResolvers<IntrospectionAnswer>() };
      waiting.set(key, entry);
      send();
    }
    return within(deadlineMs, entry.promise);
  };
}

// Every member is part of the key: two questions that differ anywhere never share an answer.
function questionKey(question: IntrospectionQuestion): string {
  return JSON.stringify([question.tokenId, question.session, question.subject, question.client]);
}

function within<Value>(milliseconds: number, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
