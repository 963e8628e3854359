import type { AskAuthority, IntrospectionAnswer, IntrospectionQuestion } from '@sallyport/auth';
import * as z from 'zod';
import { AuthorityRefused, AuthorityUnavailable, authorityFailure } from './authority-failure.ts';
import { undecided } from './denial-answer.ts';
import { trpcUrl } from './http-endpoint.ts';
import type { SendRequest } from './send-request.ts';
import type { ServiceTokens } from './service-token.ts';
import type { ServiceToken } from './token-endpoint.ts';
import { unlessAborted } from './unless-aborted.ts';

/** `url`: the authority's. */
export type AskAuthorityOptions = Readonly<{ url: string; send: SendRequest; tokens: ServiceTokens }>;

const audience = 'auth';
const scope = 'introspect';

/**
 * Bytes of questions in one request. The authority reads bodies up to 16 kB, which a full batch of 128 with this house's own
 * identifiers fits into. A foreign issuer's may be longer, and questions for transaction tokens bring whole tokens, some twenty to a request: then the batch
 * becomes several requests.
 */
const maxQuestionBytes = 16_000;

const answerSchema = z.discriminatedUnion('active', [
  z.object({ active: z.literal(false) }),
  z.object({
    active: z.literal(true),
    authTime: z.int(),
    secondFactorAt: z.int().optional(),
    secondFactorWithinSeconds: z.int().nonnegative().optional(),
    acr: z.string(),
    roles: z.array(z.string().min(1).max(64)).max(16).optional(),
    onward: z
      .union([z.object({ transaction: z.string().min(1) }), z.object({ refused: z.string().min(1) })])
      .optional(),
    answeredAt: z.int(),
  }),
]);
const answersSchema = z.object({ result: z.object({ data: z.object({ answers: z.array(answerSchema) }) }) });
const errorSchema = z.object({
  error: z.object({ data: z.object({ httpStatus: z.int(), reason: z.string().optional() }) }),
});

/**
 * Asks over tRPC, one request for a batch that fits into one, all of it under the signal. Throws `AuthorityRefused` when the
 * authority does not take *this service* (not a statement about any user), `AuthorityUnavailable` for everything else.
 * An answer that is not understood is no answer.
 *
 * Spelled out instead of called by tRPC's client, whose links and streams cost four times as much as the request: every payment
 * waits for this one (docs/decisions/0036).
 */
export function askAuthorityOver({ url, send, tokens }: AskAuthorityOptions): AskAuthority {
  const address = `${trpcUrl({ url })}/internal.introspect`;

  const sendAs = async (token: ServiceToken, body: string, signal: AbortSignal): Promise<string | AuthorityRefused> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    // Still a query, but its input travels in the body: a batch is longer than the address of a request may be.
    const { status, text } = await send({ url: address, headers, body, signal });
    return status === 200 ? text : refusalIn(text);
  };

  const ask = async (questions: readonly string[], signal: AbortSignal): Promise<IntrospectionAnswer[]> => {
    const body = `{"questions":[${questions.join(',')}]}`;
    const take = () => unlessAborted(tokens.token(audience, scope), signal);
    const token = await take();
    let answered = await sendAs(token, body, signal);
    if (typeof answered !== 'string' && answered.error === 'invalid_token') {
      // A signing key was revoked, say. Asking again changes nothing.
      tokens.forget(token);
      answered = await sendAs(await take(), body, signal);
    }
    if (typeof answered !== 'string') throw answered;
    const { data, error } = answersSchema.safeParse(JSON.parse(answered));
    if (data === undefined) throw new AuthorityUnavailable('its introspection answer has another form', error);
    const { answers } = data.result.data;
    if (answers.length !== questions.length) throw new AuthorityUnavailable('it left questions unanswered');
    return answers;
  };

  return async (given, signal) => {
    const questions = given.map(askable);
    try {
      const parts = await Promise.all(partsThatFit(questions).map((part) => ask(part, signal)));
      return parts.flat().map((answer, index) => {
        const isLeftOut = questions[index]?.isWishLeftOut === true;
        return isLeftOut && answer.active ? { ...answer, onward: { refused: 'invalid_request' } } : answer;
      });
    } catch (error) {
      throw authorityFailure(error);
    }
  };
}

/** @throws AuthorityUnavailable when that is no refusal of the authority, but an outage, or what somebody in between says */
function refusalIn(text: string): AuthorityRefused {
  const { httpStatus, reason = 'unknown' } = errorSchema.parse(JSON.parse(text)).error.data;
  if (undecided(httpStatus)) throw new AuthorityUnavailable('it gave no answer to a call');
  return new AuthorityRefused(reason, httpStatus);
}

/** A question as it is sent, with its length in a list: the comma behind it counts. */
type WrittenQuestion = Readonly<{ text: string; bytes: number; isWishLeftOut?: true }>;

/**
 * A wish for a transaction token that fits into no request is not sent, so that it costs nobody else an answer: the authority would refuse
 * it. What remains always fits, being part of a token that came in one header.
 */
function askable(question: IntrospectionQuestion): WrittenQuestion {
  const whole = written(question);
  if (question.onward === undefined || whole.bytes <= maxQuestionBytes) return whole;
  const { onward: _, ...about } = question;
  return { ...written(about), isWishLeftOut: true };
}

function written(question: IntrospectionQuestion): WrittenQuestion {
  const text = JSON.stringify(question);
  return { text, bytes: Buffer.byteLength(text) + 1 };
}

/** Cuts written questions in order, so that each part fits into a request. Each part holds at least one. */
function partsThatFit(questions: readonly WrittenQuestion[]): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const question of questions) {
    if (parts.length === 0 || question.bytes > room) {
      parts.push([]);
      room = maxQuestionBytes;
    }
    parts.at(-1)?.push(question.text);
    room -= question.bytes;
  }
  return parts;
}
