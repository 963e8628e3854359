import type { AuthorizationScheme } from './bearer-token.ts';
import { publicDenial, type Denial, type PublicDenial, type StepUpChallenge } from './denial.ts';
import { proofAlgorithms } from './dpop-proof.ts';

/** What leaves the service for a denial: the same for every reason behind one public word. */
export type DenialAnswer = Readonly<{
  status: 400 | 401 | 403 | 503;
  /** Fixed sentence, safe to show. */
  message: string;
  reason: PublicDenial;
  /** Value of the `WWW-Authenticate` header, where the status calls for one (RFC 6750 §3). */
  wwwAuthenticate?: string;
  challenge?: StepUpChallenge;
  /** Value of the `DPoP-Nonce` header (RFC 9449 §8). */
  proofNonce?: string;
}>;

/** Turns a denial into its public answer (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3). Pure, total. The reason itself does not get out. */
export function answerDenial(denial: Denial): DenialAnswer {
  const reason = publicDenial(denial.reason);
  const challenge = (parameters: Parameters): string => writeChallenge(denial.scheme, parameters);
  switch (reason) {
    case 'unauthenticated':
      // Without any token in the request, no error code either (RFC 6750 §3.1).
      return { status: 401, reason, message: 'Sign in to do this.', wwwAuthenticate: challenge({}) };
    case 'invalid_request':
      return {
        status: 400,
        reason,
        message: 'The request is malformed.',
        wwwAuthenticate: challenge({ error: reason }),
      };
    case 'invalid_token':
      return {
        status: 401,
        reason,
        message: 'The token is not accepted here.',
        wwwAuthenticate: challenge({ error: reason }),
      };
    case 'invalid_dpop_proof':
      return {
        status: 401,
        reason,
        message: 'The proof of possession is not accepted here.',
        wwwAuthenticate: writeChallenge('DPoP', { error: reason }),
      };
    case 'use_dpop_nonce':
      return {
        status: 401,
        reason,
        message: 'The proof of possession must name the nonce that this answer brings.',
        wwwAuthenticate: writeChallenge('DPoP', { error: reason }),
        ...(denial.nonce !== undefined && { proofNonce: denial.nonce }),
      };
    case 'insufficient_user_authentication':
      return stepUpAnswer(denial);
    case 'insufficient_scope':
      return {
        status: 403,
        reason,
        message: 'The token does not cover this.',
        wwwAuthenticate: challenge({ error: reason, ...(denial.scope === undefined ? {} : { scope: denial.scope }) }),
      };
    case 'access_denied':
      return { status: 403, reason, message: 'This caller may not do this.' };
    case 'temporarily_unavailable':
      return { status: 503, reason, message: 'This cannot be decided right now. Try again shortly.' };
  }
}

function stepUpAnswer({ stepUp: challenge, scheme }: Denial): DenialAnswer {
  const parameters = challenge && {
    acr_values: challenge.acrValues.join(' '),
    max_age: String(challenge.maxAgeSeconds),
    scope: challenge.scope,
  };
  return {
    status: 401,
    reason: 'insufficient_user_authentication',
    message: 'This needs a recent second factor.',
    wwwAuthenticate: writeChallenge(scheme, { error: 'insufficient_user_authentication', ...parameters }),
    ...(challenge && { challenge }),
  };
}

type Parameters = Readonly<Record<string, string>>;

// Values are our own constants and configured scopes: none holds a quote or a backslash.
function writeChallenge(scheme: AuthorizationScheme = 'Bearer', parameters: Parameters): string {
  const algs = scheme === 'DPoP' ? { algs: proofAlgorithms.join(' ') } : {};
  const all = Object.entries({ realm: 'sallyport', ...parameters, ...algs });
  return `${scheme} ${all.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}
