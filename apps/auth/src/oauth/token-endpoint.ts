import type { HttpAnswer } from '@sallyport/service';
import type { Authority } from '../authority.ts';
import type { Grant } from '../clients/client-matrix.ts';
import { grantClientCredentials } from './client-credentials-grant.ts';
import { OAuthError } from './oauth-error.ts';
import type { OAuthRequest } from './oauth-request.ts';
import { grantRefresh } from './refresh-grant.ts';
import { grantTokenExchange } from './token-exchange-grant.ts';
import { grantUpstreamExchange, isUpstreamExchange } from './upstream-exchange-grant.ts';

type Answer = (authority: Authority, request: OAuthRequest) => Promise<Readonly<Record<string, unknown>>>;

const answers: ReadonlyMap<string, Answer> = new Map<Grant, Answer>([
  ['client_credentials', grantClientCredentials],
  ['refresh_token', grantRefresh],
  ['urn:ietf:params:oauth:grant-type:token-exchange', exchange],
]);

/** What is asked for tells the two exchanges apart: a transaction token for a token of ours, or a token of ours for a provider's. */
function exchange(authority: Authority, request: OAuthRequest): Promise<Readonly<Record<string, unknown>>> {
  return isUpstreamExchange(request.form)
    ? grantUpstreamExchange(authority, request)
    : grantTokenExchange(authority, request);
}

/** RFC 6749 §3.2. */
export async function answerTokenRequest(authority: Authority, request: OAuthRequest): Promise<HttpAnswer> {
  const grantType = request.form.get('grant_type');
  if (grantType === null || grantType === '') throw new OAuthError('invalid_request', 'no grant_type');
  const answer = answers.get(grantType);
  if (answer === undefined) throw new OAuthError('unsupported_grant_type', 'unknown grant_type');
  const json = await answer(authority, request);
  const isProving = request.header('DPoP').length > 0;
  // RFC 9449 §8.2: the client's next proof then needs no second try.
  const nonce = isProving ? { 'DPoP-Nonce': await authority.proofs.nextNonce() } : {};
  return { status: 200, headers: { 'Cache-Control': 'no-store', ...nonce }, json };
}
