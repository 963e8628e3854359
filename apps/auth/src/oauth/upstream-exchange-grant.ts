import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { authenticateClient, clientMembers } from '../clients/client-authentication.ts';
import { findClientAfterSerial } from '../clients/clients.ts';
import { accountOf } from '../identities/accounts-of-identities.ts';
import { proofOf } from '../identities/assurance.ts';
import { sessionOfToken } from '../identities/exchanged-session.ts';
import type { Provider } from '../identities/providers.ts';
import { namedActor, unverifiedIssuer, type Resolved } from '../identities/upstream-tokens.ts';
import { confirmationFor } from '../proofs/confirmation.ts';
import { keyOfForm } from '../proofs/shown-key.ts';
import { hasSecondFactor } from '../second-factor/factors.ts';
import { rolesOf } from '../sign-in/roles.ts';
import { mintUserToken } from '../tokens/access-token.ts';
import { trustDomain } from '../tokens/trust-domain.ts';
import { grantedScope } from './granted-scope.ts';
import { mayAct } from './may-act.ts';
import { OAuthError } from './oauth-error.ts';
import { readForm, scopeMember } from './oauth-forms.ts';
import type { OAuthRequest } from './oauth-request.ts';

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';

const members = clientMembers.extend({
  requested_token_type: z.literal(accessTokenType),
  subject_token: z.string().max(8192),
  subject_token_type: z.enum([accessTokenType, idTokenType]),
  audience: z.string().max(64),
  scope: scopeMember.optional(),
  actor_token: z.never().optional(),
  actor_token_type: z.never().optional(),
});

/** Whether a token exchange wants one of our access tokens for somebody else's token, and not a transaction token for one of ours. */
export function isUpstreamExchange(form: URLSearchParams): boolean {
  return form.get('requested_token_type') === accessTokenType;
}

/**
 * RFC 8693: an identity provider's token for one of ours, for one service. Three bounds, and all hold: the client matrix, the
 * provider's table of scopes, and the provider token's end. What is made dies with a session of its own, which the person sees in
 * their list; there is no refresh token: whoever holds the provider's token asks again.
 */
export async function grantUpstreamExchange(authority: Authority, request: OAuthRequest) {
  const { form, caller, sender } = request;
  const {
    subject_token: subjectToken,
    subject_token_type: type,
    audience,
    scope: named,
    ...rest
  } = readForm(members, form);
  const keyThumbprint = await keyOfForm(authority, request);
  const { clientId, ...client } = await authenticateClient(authority, rest);
  const { certificateThumbprint } = confirmationFor({ client, sender, keyThumbprint });
  const allowed = grantedScope(client, { grant, audience, scope: named });
  // An access token is for a service; what is for all of them is a transaction token.
  if (audience === trustDomain) throw new OAuthError('invalid_target', audience);
  const { settings, tokens } = providerOf(authority, subjectToken);
  if (!tokens?.clients.includes(clientId)) throw new OAuthError('unauthorized_client', 'not this provider’s tokens');
  const resolved = believed(await tokens.resolve(subjectToken, type === idTokenType ? 'ID token' : 'access token'));
  if (!mayAct(namedActor(subjectToken), { clientId, issuer: authority.issuer }))
    throw new OAuthError('invalid_grant', 'the subject token names another actor');
  const scope = allowed.filter((one) => resolved.scope.includes(one));
  if (scope.length === 0 || (named !== undefined && scope.length < allowed.length)) {
    throw new OAuthError('invalid_scope', allowed.join(' '));
  }
  const { identity, endsAt } = resolved;
  const account = await accountOf(authority, identity, settings.newAccounts);
  if (account.outcome !== 'found') throw new OAuthError('invalid_grant', `the account: ${account.outcome}`);
  const { subject } = account;
  const proof = proofOf(resolved, await hasSecondFactor(authority, subject));
  const signIn = { subject, clientId, proof, caller, keyThumbprint, endsAt };
  const session = await sessionOfToken(authority, { subjectToken, identity, signIn });
  if (session === undefined) throw new OAuthError('invalid_grant', 'the session of this token is over');
  // As it is after the session's serial was drawn: a client that is disabled meanwhile gets nothing that outlives it.
  const present = await findClientAfterSerial(authority.database, clientId);
  if (present === undefined) throw new OAuthError('invalid_client', 'disabled meanwhile');
  grantedScope(present, { grant, audience, scope });
  const roles = (await rolesOf(authority.database, subject))[audience] ?? [];
  const minted = mintUserToken(authority, { ...session, certificateThumbprint }, { audience, scope, roles });
  return {
    access_token: minted.token,
    issued_token_type: accessTokenType,
    token_type: session.keyThumbprint === null ? 'Bearer' : 'DPoP',
    expires_in: minted.expiresInSeconds,
    scope: minted.scope,
  };
}

/** Whose token it says it is; an opaque one says nothing, and at most one provider has those. */
function providerOf({ providers }: Authority, subjectToken: string): Provider {
  const issuer = unverifiedIssuer(subjectToken);
  const provider = [...providers.values()].find(({ settings }) =>
    issuer === undefined
      ? settings.exchange?.accessTokens?.introspection?.answersFor.includes('opaque')
      : settings.issuer === issuer,
  );
  if (provider === undefined) throw new OAuthError('invalid_grant', 'no provider of ours made the subject token');
  return provider;
}

function believed(resolved: Resolved): Extract<Resolved, { outcome: 'resolved' }> {
  if (resolved.outcome === 'resolved') return resolved;
  if (resolved.outcome === 'unknown') throw new OAuthError('temporarily_unavailable', 'the provider did not answer');
  throw new OAuthError('invalid_grant', `the subject token: ${resolved.reason}`);
}
