import { parseJson } from '@sallyport/service';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { authenticateClient, clientMembers } from '../clients/client-authentication.ts';
import { personsScope } from '../clients/client-matrix.ts';
import { findClient, type Client } from '../clients/clients.ts';
import { readOwnAccessToken, type OwnClaims } from '../tokens/own-token.ts';
import { transactionTokenSeconds } from '../tokens/token-lifetimes.ts';
import { isActive } from '../tokens/token-status.ts';
import { mintTransactionToken } from '../tokens/transaction-token.ts';
import { trustDomain } from '../tokens/trust-domain.ts';
import { grantedScope } from './granted-scope.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm, scopeMember } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const transactionTokenType = 'urn:ietf:params:oauth:token-type:txn_token';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** The frozen details: a small JSON object of strings, base64url-encoded as the draft has it. */
const requestDetails = z
  .string()
  .max(2048)
  .regex(/^[A-Za-z0-9_-]+$/)
  .transform(
    (text, context) => parseJson(Buffer.from(text, 'base64url').toString('utf8')) ?? context.addIssue('not JSON'),
  )
  .pipe(
    z.record(z.string().min(1).max(64), z.string().max(256)).refine((details) => Object.keys(details).length <= 16),
  );

const members = clientMembers.extend({
  requested_token_type: z.literal(transactionTokenType),
  subject_token: z.string().max(4096),
  subject_token_type: z.literal(accessTokenType),
  audience: z.string().max(64),
  scope: scopeMember,
  request_details: requestDetails.optional(),
  // Nobody acts for another service here (RFC 8693 §2.1): a request that says so is not understood.
  actor_token: z.never().optional(),
  actor_token_type: z.never().optional(),
});

/**
 * RFC 8693 in the profile of draft-ietf-oauth-transaction-tokens: a service that received a person's access token gets
 * what it needs to carry that person on. The subject token is checked as the fresh gate would, and must have been
 * issued for the requester itself: a service cannot exchange a token that it only saw.
 */
export async function grantTokenExchange(authority: Authority, { form }: OAuthRequest) {
  const {
    subject_token: subjectToken,
    audience,
    scope,
    request_details: context = {},
    ...rest
  } = readForm(members, form);
  const requester = await authenticateClient(authority, rest);
  grantedScope(requester, { grant: exchangeGrant, audience, scope });
  if (audience !== trustDomain) throw new OAuthError('invalid_target', audience);
  const claims = await readSubjectToken(authority, subjectToken, requester);
  await checkPersonsScope(authority, { scope, audience, sessionClient: claims.client_id });
  const token = await mintTransactionToken(authority, {
    subject: claims.sub,
    session: claims.sid,
    scope,
    requester: requester.clientId,
    context,
  });
  return {
    access_token: token,
    issued_token_type: transactionTokenType,
    token_type: 'N_A',
    expires_in: transactionTokenSeconds,
    scope: scope.join(' '),
  };
}

async function readSubjectToken(
  authority: Authority,
  text: string,
  requester: Client,
): Promise<OwnClaims & { sid: string }> {
  const claims = await readOwnAccessToken(authority, text);
  if (claims?.sid === undefined)
    throw new OAuthError('invalid_grant', 'the subject token is no access token of a person');
  if (claims.aud !== requester.audience)
    throw new OAuthError('invalid_grant', 'the subject token is for another audience');
  if (!(await isActive(authority, claims))) throw new OAuthError('invalid_grant', 'the subject token is revoked');
  return { ...claims, sid: claims.sid };
}

type Carried = Readonly<{ scope: readonly string[]; audience: string; sessionClient: string }>;

/**
 * The second of two bounds: the matrix says what the requester may carry anybody on with, this what the person has at the next
 * service, which the subject token's own scope, made for the requester, does not tell.
 */
async function checkPersonsScope({ database }: Authority, { scope, audience, sessionClient }: Carried): Promise<void> {
  const client = await findClient(database, sessionClient);
  const persons = client === undefined ? [] : personsScope(client, audience);
  if (!scope.every((one) => persons.includes(one))) throw new OAuthError('invalid_scope', scope.join(' '));
}
