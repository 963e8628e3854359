import {
  maxQuestions,
  type AskAboutOne,
  type AskAuthority,
  type IntrospectionAnswer,
  type IntrospectionQuestion,
} from './authority.ts';
import { NoAnswerInTime, withinDeadline } from './deadline.ts';
import { isOnwardAnswer } from './onward.ts';

/** Limits of `coalescingAuthority`: one deadline in milliseconds, and two numbers of things at once. */
export type CoalescingOptions = Readonly<{
  /** Milliseconds from asking to an answer, waiting included. Default 1000. */
  deadlineMs?: number;
  /** Questions in one call. Default 128. */
  maxBatch?: number;
  /** Calls on the way at once. Default 2. */
  maxUnderWay?: number;
}>;

/** One question, and everybody who asked it before it was sent. */
type Waiting = Readonly<{ question: IntrospectionQuestion; askers: Set<Asker> }>;

type Asker = Readonly<{ resolve: (answer: IntrospectionAnswer) => void; reject: (error: unknown) => void }>;

/**
 * Puts many single questions into few calls, self-clocked: it asks at once when idle, and what arrives while calls are
 * on the way gathers into the next. There is no timer to tune and no waiting when there is nobody to wait for; the only
 * timers are deadlines.
 *
 * - An asker only ever joins a question that has *not been sent yet*, so an answer is never older than the question (DESIGN §7).
 * - A question for a transaction token is nobody else's: two requests never get the same token.
 * - Answers are not kept. A call that fails, fails for its own askers; an answer of another shape, for that question alone.
 * - Who gives up while waiting is not asked about any more, so a silent authority leaves no backlog.
 *
 * Not checked: that the authority answers in the order of the questions. That is its contract.
 *
 * @throws NoAnswerInTime (as a rejection) at the asker's own deadline; otherwise whatever the call failed with
 */
export function coalescingAuthority(ask: AskAuthority, options: CoalescingOptions = {}): AskAboutOne {
  const { deadlineMs = 1000, maxBatch = maxQuestions, maxUnderWay = 2 } = options;
  // In the order in which they were first asked: nobody is overtaken.
  let waiting = new Map<string | symbol, Waiting>();
  let underWay = 0;

  function send(): void {
    while (underWay < maxUnderWay && waiting.size > 0) {
      underWay += 1;
      void answerAll(takeFirst());
    }
  }

  // The others begin a Map of their own. One that was used again and again would keep what once stood in it: docs/decisions/0041.
  function takeFirst(): readonly Waiting[] {
    const entries = [...waiting];
    waiting = new Map(entries.slice(maxBatch));
    return entries.slice(0, maxBatch).map(([, entry]) => entry);
  }

  async function answerAll(batch: readonly Waiting[]): Promise<void> {
    const questions = batch.map(({ question }) => question);
    try {
      // This deadline stops the transport, and frees our place when the transport does not listen.
      const answers = await withinDeadline(deadlineMs, (signal) => ask(questions, signal));
      if (!Array.isArray(answers) || answers.length !== batch.length) {
        throw new Error('the authority answered another number of questions');
      }
      for (const [index, entry] of batch.entries()) settle(entry, () => readAnswer(answers[index]));
    } catch (error) {
      for (const { askers } of batch) for (const asker of askers) asker.reject(error);
    } finally {
      underWay -= 1;
      send();
    }
  }

  return (question) =>
    new Promise((resolve, reject) => {
      const key = question.onward === undefined ? questionKey(question) : Symbol('of this request alone');
      const entry = waiting.get(key) ?? { question, askers: new Set() };
      const asker: Asker = { resolve: ended(resolve), reject: ended(reject) };
      const timer = setTimeout(giveUp, deadlineMs);
      entry.askers.add(asker);
      waiting.set(key, entry);
      send();

      function giveUp(): void {
        asker.reject(new NoAnswerInTime(deadlineMs));
        entry.askers.delete(asker);
        if (entry.askers.size === 0 && waiting.get(key) === entry) waiting.delete(key);
      }
      function ended<Value>(settleWith: (value: Value) => void): (value: Value) => void {
        return (value) => {
          clearTimeout(timer);
          settleWith(value);
        };
      }
    });
}

/** One answer that cannot be read is no answer to its own question, and nothing to the others. */
function settle({ askers }: Waiting, read: () => IntrospectionAnswer): void {
  let answer: IntrospectionAnswer;
  try {
    answer = read();
  } catch (error) {
    for (const asker of askers) asker.reject(error);
    return;
  }
  for (const asker of askers) asker.resolve(answer);
}

/** A copy, read once: what the transport hands out may change, or wait for something, behind our back. */
function readAnswer(given: unknown): IntrospectionAnswer {
  const answer: unknown = typeof given === 'object' && given !== null ? Object.freeze({ ...given }) : given;
  if (!isAnswer(answer)) throw new Error('the authority left a question out, or its answer makes no sense');
  return answer;
}

function isAnswer(answer: unknown): answer is IntrospectionAnswer {
  if (typeof answer !== 'object' || answer === null || 'then' in answer || !('active' in answer)) return false;
  if (answer.active === false) return true;
  if (answer.active !== true || !('acr' in answer) || typeof answer.acr !== 'string') return false;
  const unsaid = { secondFactorAt: undefined, secondFactorWithinSeconds: undefined };
  const times = { authTime: undefined, answeredAt: undefined, ...unsaid, ...answer };
  const isWhole = [times.authTime, times.answeredAt].every(Number.isSafeInteger);
  if ('onward' in answer && answer.onward !== undefined && !isOnwardAnswer(answer.onward)) return false;
  const perhaps = [times.secondFactorAt, times.secondFactorWithinSeconds];
  return isWhole && perhaps.every((time) => time === undefined || Number.isSafeInteger(time));
}

// Every member is part of the key: two questions that differ anywhere never share an answer. A new member does not compile
// until it is named here. One with `onward` is never shared at all.
const partsOfKey = Object.keys({
  tokenId: true,
  session: true,
  subject: true,
  client: true,
} satisfies Record<Exclude<keyof IntrospectionQuestion, 'onward'>, true>);

function questionKey(question: IntrospectionQuestion): string {
  const parts: Readonly<Record<string, unknown>> = question;
  return JSON.stringify(partsOfKey.map((name) => parts[name]));
}
