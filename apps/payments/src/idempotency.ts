import { createHash } from 'node:crypto';
import type { Principal } from '@sallyport/auth';
import { databaseFailure } from '@sallyport/db';
import { refuse } from '@sallyport/service';
import { and, eq, sql } from 'drizzle-orm';
import type { PaymentsQueries } from './database.ts';
import { readReceipt, type Receipt } from './receipt.ts';
import { answers } from './schema.ts';

/** One regulated request, as far as its repetition can be told from another. */
export type Question = Readonly<{ subject: string; client: string; key: string; digest: string }>;

/**
 * A key belongs to a subject and client, for ever and for all procedures: the procedure is part of what was asked, so
 * that a key used for a top-up cannot be used for a payment.
 */
export function questionOf(
  principal: Principal<'fresh+mfa'>,
  key: string,
  asked: Readonly<{ procedure: string; input: Readonly<Record<string, string>> }>,
): Question {
  const input = Object.entries(asked.input).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const digest = createHash('sha256')
    .update(JSON.stringify([asked.procedure, input]))
    .digest('base64url');
  return { subject: principal.user, client: principal.client, key, digest };
}

/**
 * The answer that was given to this question before, if any.
 * @throws 422 `idempotency_key_reused` when the key was used for something else
 */
export async function storedAnswer(queries: PaymentsQueries, question: Question): Promise<Receipt | undefined> {
  const [stored] = await queries
    .select({ question: answers.question, answer: answers.answer })
    .from(answers)
    .where(
      and(eq(answers.subject, question.subject), eq(answers.client, question.client), eq(answers.key, question.key)),
    );
  if (stored === undefined) return undefined;
  if (stored.question === question.digest) return readReceipt(stored.answer);
  refuse({
    code: 'UNPROCESSABLE_CONTENT',
    reason: 'idempotency_key_reused',
    message: 'This Idempotency-Key was used for another request. Take a new one.',
  });
}

/**
 * Does a thing once per key, for ever: call it first in the transaction that has the effect.
 *
 * The finished answer is written *before* the effect, in the same transaction; an answer holds nothing that the effect
 * would still have to find out. So a twin waits at the primary key until the first one is decided, then gets its answer,
 * or, if the first one rolled back, takes its place. Nothing unfinished is ever stored, and nothing is updated.
 *
 * Not stored: anything but success. 401, 403, step-up and 429 end before this is called; 503 and refusals, such as a wallet
 * that does not cover it, roll everything back. A retry with the same key is then looked at afresh.
 *
 * @throws 409 `idempotency_conflict` when the twin was not decided in time; 422 `idempotency_key_reused`
 */
export async function onceFor(
  transaction: PaymentsQueries,
  question: Question,
  effect: Readonly<{ answer: Receipt; perform: () => Promise<void> }>,
): Promise<Receipt> {
  if (!(await claim(transaction, question, effect.answer))) {
    const answer = await storedAnswer(transaction, question);
    if (answer === undefined) throw new Error('A claimed idempotency key has no answer.');
    return answer;
  }
  await effect.perform();
  return effect.answer;
}

async function claim(transaction: PaymentsQueries, question: Question, answer: Receipt): Promise<boolean> {
  const { subject, client, key, digest } = question;
  try {
    // Written out: the run-time role may not name the other columns, as Drizzle's insert does.
    const { rowCount } = await transaction.execute(sql`
      INSERT INTO ${answers} (subject, client, key, question, answer)
      VALUES (${subject}, ${client}, ${key}, ${digest}, ${JSON.stringify(answer)})
      ON CONFLICT DO NOTHING`);
    return rowCount === 1;
  } catch (error) {
    if (databaseFailure(error).kind !== 'contended') throw error;
    refuse({
      code: 'CONFLICT',
      reason: 'idempotency_conflict',
      message: 'A request with this Idempotency-Key is still under way. Ask again shortly.',
    });
  }
}
