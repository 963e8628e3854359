import type { AuthorizationScheme } from './bearer-token.ts';

/**
 * Every reason for a "no", each with the one public word that the caller hears. The reason is for the log and the
 * metric; two reasons with the same public word must not be told apart from outside (RFC 9068 §4, RFC 6750 §3.1).
 */
const publicWordOf = {
  token_missing: 'unauthenticated',

  authorization_malformed: 'invalid_request',
  authorization_repeated: 'invalid_request',
  token_too_long: 'invalid_request',
  transaction_header_malformed: 'invalid_request',
  consistency_token_malformed: 'invalid_request',
  idempotency_key_missing: 'invalid_request',
  idempotency_key_malformed: 'invalid_request',
  regulated_in_batch: 'invalid_request',

  token_malformed: 'invalid_token',
  token_header_refused: 'invalid_token',
  token_type: 'invalid_token',
  token_algorithm: 'invalid_token',
  token_key_unknown: 'invalid_token',
  token_signature: 'invalid_token',
  token_claims: 'invalid_token',
  token_issuer: 'invalid_token',
  token_audience: 'invalid_token',
  token_expired: 'invalid_token',
  token_from_the_future: 'invalid_token',
  token_lifetime: 'invalid_token',
  token_bound: 'invalid_token',
  token_unbound: 'invalid_token',
  certificate_other: 'invalid_token',
  proof_key_other: 'invalid_token',
  token_stale: 'invalid_token',
  transaction_missing: 'invalid_token',
  transaction_chain: 'invalid_token',
  revoked: 'invalid_token',

  proof_missing: 'invalid_dpop_proof',
  proof_repeated: 'invalid_dpop_proof',
  proof_malformed: 'invalid_dpop_proof',
  proof_type: 'invalid_dpop_proof',
  proof_algorithm: 'invalid_dpop_proof',
  proof_key: 'invalid_dpop_proof',
  proof_signature: 'invalid_dpop_proof',
  proof_claims: 'invalid_dpop_proof',
  proof_method: 'invalid_dpop_proof',
  proof_url: 'invalid_dpop_proof',
  proof_token: 'invalid_dpop_proof',
  proof_replayed: 'invalid_dpop_proof',
  proof_nonce: 'use_dpop_nonce',

  second_factor_missing: 'insufficient_user_authentication',
  second_factor_too_old: 'insufficient_user_authentication',

  scope_missing: 'insufficient_scope',
  role_missing: 'access_denied',
  caller_kind: 'access_denied',
  issuer_not_asked: 'access_denied',

  feed_silent: 'temporarily_unavailable',
  feed_behind: 'temporarily_unavailable',
  authority_unreachable: 'temporarily_unavailable',
  keys_unavailable: 'temporarily_unavailable',
  proof_replays_unknown: 'temporarily_unavailable',
  policy_unavailable: 'temporarily_unavailable',
  tier_closed: 'temporarily_unavailable',
} as const;

/** Why a request was refused, exactly. For logs and metrics: nothing outside hears it. */
export type DenialReason = keyof typeof publicWordOf;
/**
 * What a caller hears: error codes of RFC 6750 §3.1, RFC 9449 §7.1 and §9, and RFC 9470 §3; `access_denied` and `temporarily_unavailable` of RFC 6749
 * §4.1.2.1; and `unauthenticated`, our own, for a request without a token.
 */
export type PublicDenial = (typeof publicWordOf)[DenialReason];

/** What would turn the "no" into a "yes": stronger or more recent authentication (RFC 9470 §3). */
export type StepUpChallenge = Readonly<{
  /** Authentication context classes that would do. */
  acrValues: readonly string[];
  /** Greatest age of the second factor, in seconds. */
  maxAgeSeconds: number;
  /** The scope the procedure asks for, space-separated (RFC 6749 §3.3). */
  scope: string;
}>;

/** One "no": its reason, with what would turn it into a "yes" where there is something: a scope, a step-up, a nonce. */
export type Denial = Readonly<{
  reason: DenialReason;
  scope?: string;
  stepUp?: StepUpChallenge;
  /** For the next proof of possession (RFC 9449 §8). */
  nonce?: string;
  /** The scheme of the challenge: that of the request. Default `Bearer`. */
  scheme?: AuthorizationScheme;
}>;

export function publicDenial(reason: DenialReason): PublicDenial {
  return publicWordOf[reason];
}

/** True when the answer is "we do not know": never to be reported, or acted on, as a bad credential. */
export function isOutage(reason: DenialReason): boolean {
  return publicWordOf[reason] === 'temporarily_unavailable';
}
