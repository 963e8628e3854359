import type { IntrospectionAnswer, IntrospectionQuestion, OnwardAnswer } from '@sallyport/auth';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import type { CarryingClient } from '../clients/carrying-clients.ts';
import { carriesOn } from '../clients/client-matrix.ts';
import { readSubjectClaims } from '../oauth/exchange-subject.ts';
import { exchangeGrant, grantedScope } from '../oauth/granted-scope.ts';
import { OAuthError } from '../oauth/oauth-error.ts';
import { frozenDetails, scopeMember } from '../oauth/oauth-forms.ts';
import { mintTransactionToken } from '../tokens/transaction-token.ts';
import { trustDomain } from '../tokens/trust-domain.ts';

const onwardMembers = z.strictObject({ token: z.string().max(4096), scope: scopeMember, context: frozenDetails });

/**
 * Answers the questions; where one asks for it and its session is found alive by this very answer, with the transaction token that the
 * asker needs to carry the person on. So a payment asks the authority once.
 *
 * It is the token exchange of RFC 8693 without a request of its own, by the same checks: the person's access token, which was issued for
 * the asker; what the asker's client may carry anybody on with; what the person has. Clients are read with the session, after the question came.
 *
 * @throws when the database does not answer, or there are no keys: nothing is known then
 */
export async function introspectOnward(
  authority: Authority,
  questions: readonly IntrospectionQuestion[],
  asker: string,
): Promise<readonly IntrospectionAnswer[]> {
  if (questions.every(({ onward }) => onward === undefined)) return authority.introspect(questions, { client: asker });
  const { answers, carriers } = await authority.introspectToCarry(questions, asker);
  const clients = new Map(carriers.map((client) => [client.clientId, client]));
  return Promise.all(
    answers.map(async (answer, index) => {
      const question = questions[index];
      if (!answer.active || question?.onward === undefined) return answer;
      return { ...answer, onward: await carryOn(authority, question, { asker, clients }) };
    }),
  );
}

type Carrying = Readonly<{ asker: string; clients: ReadonlyMap<string, CarryingClient> }>;

async function carryOn(
  authority: Authority,
  question: IntrospectionQuestion,
  carrying: Carrying,
): Promise<OnwardAnswer> {
  try {
    return { transaction: await mintOnward(authority, question, carrying) };
  } catch (error) {
    if (error instanceof OAuthError) return { refused: error.code };
    throw error;
  }
}

async function mintOnward(
  authority: Authority,
  { onward, ...about }: IntrospectionQuestion,
  { asker, clients }: Carrying,
): Promise<string> {
  const { data } = onwardMembers.safeParse(onward);
  if (data === undefined) throw new OAuthError('invalid_request', 'what is asked for is malformed');
  const { token, scope, context } = data;
  const requester = clients.get(asker);
  if (requester === undefined) throw new OAuthError('unauthorized_client', asker);
  grantedScope(requester, { grant: exchangeGrant, audience: trustDomain, scope });
  const { sub: subject, sid: session, client_id: client, jti } = await readSubjectClaims(authority, token, requester);
  // What was found alive is what the question names: it has to be this token.
  const isAskedAbout = about.tokenId === jti && about.session === session && about.subject === subject;
  if (!isAskedAbout || about.client !== client) throw new OAuthError('invalid_grant', 'another token was asked about');
  const sessionClient = clients.get(client);
  if (sessionClient === undefined || !carriesOn(sessionClient, { audience: trustDomain, scope }))
    throw new OAuthError('invalid_scope', scope.join(' '));
  return mintTransactionToken(authority, { subject, session, scope, requester: asker, context }).token;
}
