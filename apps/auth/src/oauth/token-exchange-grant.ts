import { parseJson } from '@sallyport/service';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { authenticateClient, clientMembers } from '../clients/client-authentication.ts';
import { carriesOn } from '../clients/client-matrix.ts';
import { findClient, type Client } from '../clients/clients.ts';
import { mintTransactionToken } from '../tokens/transaction-token.ts';
import { trustDomain } from '../tokens/trust-domain.ts';
import { readAccessSubject, readTransactionSubject, type ExchangeSubject } from './exchange-subject.ts';
import { exchangeGrant, grantedScope } from './granted-scope.ts';
import { OAuthError } from './oauth-error.ts';
import { frozenDetails, readForm, scopeMember } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

const transactionTokenType = 'urn:ietf:params:oauth:token-type:txn_token';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** `request_details`: base64url-encoded, as the draft has it. */
const requestDetails = z
  .string()
  .max(2048)
  .regex(/^[A-Za-z0-9_-]+$/)
  .transform(
    (text, context) => parseJson(Buffer.from(text, 'base64url').toString('utf8')) ?? context.addIssue('not JSON'),
  )
  .pipe(frozenDetails);

const members = clientMembers.extend({
  requested_token_type: z.literal(transactionTokenType),
  subject_token: z.string().max(4096),
  subject_token_type: z.enum([accessTokenType, transactionTokenType]),
  audience: z.string().max(64),
  scope: scopeMember,
  request_details: requestDetails.optional(),
  // Nobody acts for another service here (RFC 8693 §2.1): a request that says so is not understood.
  actor_token: z.never().optional(),
  actor_token_type: z.never().optional(),
});

type SubjectReader = (authority: Authority, text: string, requester: Client) => Promise<ExchangeSubject>;

const subjectReaders: Readonly<Record<typeof accessTokenType | typeof transactionTokenType, SubjectReader>> = {
  [accessTokenType]: readAccessSubject,
  [transactionTokenType]: readTransactionSubject,
};

/**
 * RFC 8693 in the profile of draft-ietf-oauth-transaction-tokens: a service that received a person's access token gets
 * what it needs to carry that person on; one that received a transaction token gets its replacement, for the hop after it.
 */
export async function grantTokenExchange(authority: Authority, { form }: OAuthRequest) {
  const {
    subject_token: text,
    subject_token_type: type,
    audience,
    scope,
    request_details: details,
    ...rest
  } = readForm(members, form);
  const requester = await authenticateClient(authority, rest);
  grantedScope(requester, { grant: exchangeGrant, audience, scope });
  if (audience !== trustDomain) throw new OAuthError('invalid_target', audience);
  const { subject, session, sessionClient, origin } = await subjectReaders[type](authority, text, requester);
  // What is being done was frozen when the transaction began.
  if (origin !== undefined && details !== undefined)
    throw new OAuthError('invalid_request', 'details of a replacement');
  await checkPersonsScope(authority, { scope, audience, sessionClient, origin });
  const { clientId } = requester;
  const context = origin?.context ?? details ?? {};
  const minted = mintTransactionToken(authority, {
    subject,
    session,
    scope,
    requester: clientId,
    context,
    origin,
  });
  return {
    access_token: minted.token,
    issued_token_type: transactionTokenType,
    token_type: 'N_A',
    expires_in: minted.expiresInSeconds,
    scope: scope.join(' '),
  };
}

type Carried = Pick<ExchangeSubject, 'sessionClient' | 'origin'> &
  Readonly<{ scope: readonly string[]; audience: string }>;

/**
 * The second of two bounds: the matrix says what the requester may carry anybody on with, this what the person has at the next
 * service, which an access token's own scope, made for the requester, does not tell. A replacement has no more than what it replaces.
 */
async function checkPersonsScope({ database }: Authority, carried: Carried): Promise<void> {
  const { scope, audience, sessionClient, origin } = carried;
  const client = await findClient(database, sessionClient);
  const isWithin = scope.every((one) => origin === undefined || origin.scope.includes(one));
  if (!isWithin || client === undefined || !carriesOn(client, { audience, scope }))
    throw new OAuthError('invalid_scope', scope.join(' '));
}
