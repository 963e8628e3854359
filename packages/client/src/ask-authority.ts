import type { AskAuthority, IntrospectionAnswer, IntrospectionQuestion } from '@sallyport/auth';
import { createTRPCUntypedClient, httpLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import * as z from 'zod';
import { AuthorityUnavailable, authorityFailure } from './authority-failure.ts';
import { sendingTo, type HttpEndpoint } from './http-endpoint.ts';
import { serviceTokenLink } from './service-token-link.ts';
import type { ServiceTokens } from './service-token.ts';

export type AskAuthorityOptions = Readonly<{ endpoint: HttpEndpoint; tokens: ServiceTokens }>;

const audience = 'auth';
const scope = 'introspect';

/**
 * Bytes of questions in one request. The authority reads bodies up to 16 kB, which a full batch of 128 with this house's own
 * identifiers fits into; a foreign issuer's may be longer, and then the batch becomes two or three requests.
 */
const maxQuestionBytes = 16_000;

const answersSchema = z.object({
  answers: z.array(
    z.discriminatedUnion('active', [
      z.object({ active: z.literal(false) }),
      z.object({
        active: z.literal(true),
        authTime: z.int(),
        secondFactorAt: z.int().optional(),
        secondFactorWithinSeconds: z.int().nonnegative().optional(),
        acr: z.string(),
        roles: z.array(z.string().min(1).max(64)).max(16).optional(),
        answeredAt: z.int(),
      }),
    ]),
  ),
});

/**
 * Asks over tRPC, one request for a batch that fits into one, all of it under the signal. Throws `AuthorityRefused` when the
 * authority does not take *this service* (not a statement about any user), `AuthorityUnavailable` for everything else.
 * An answer that is not understood is no answer.
 */
export function askAuthorityOver(options: AskAuthorityOptions): AskAuthority {
  const client = createTRPCUntypedClient<AnyRouter>({
    links: [
      serviceTokenLink({ tokens: options.tokens, audience, scope }),
      // Still a query, but its input travels in the body: a batch is longer than the address of a request may be.
      httpLink({ ...sendingTo(options.endpoint), methodOverride: 'POST' }),
    ],
  });

  const ask = async (
    questions: readonly IntrospectionQuestion[],
    signal: AbortSignal,
  ): Promise<IntrospectionAnswer[]> => {
    const output: unknown = await client.query('internal.introspect', { questions }, { signal });
    const { data, error } = answersSchema.safeParse(output);
    if (data === undefined) throw new AuthorityUnavailable('its introspection answer has another form', error);
    if (data.answers.length !== questions.length) throw new AuthorityUnavailable('it left questions unanswered');
    return data.answers;
  };

  return async (questions, signal) => {
    try {
      const answers = await Promise.all(partsThatFit(questions).map((part) => ask(part, signal)));
      return answers.flat();
    } catch (error) {
      throw authorityFailure(error);
    }
  };
}

/** Cuts in order, so that each part fits into a request. Each part holds at least one question. */
function partsThatFit(questions: readonly IntrospectionQuestion[]): IntrospectionQuestion[][] {
  const parts: IntrospectionQuestion[][] = [];
  let room = 0;
  for (const question of questions) {
    const length = Buffer.byteLength(JSON.stringify(question)) + 1;
    if (parts.length === 0 || length > room) {
      parts.push([]);
      room = maxQuestionBytes;
    }
    parts.at(-1)?.push(question);
    room -= length;
  }
  return parts;
}
