import type { HttpAnswer } from '@sallyport/service';

/**
 * Error codes of RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 9449 §5 and §8 and RFC 7662 §2.3, each with its status and its one fixed description.
 */
const errors = {
  invalid_request: [400, 'The request is malformed.'],
  invalid_client: [401, 'The client could not be authenticated.'],
  invalid_grant: [400, 'The token that was presented is not good.'],
  unauthorized_client: [400, 'The client may not do this.'],
  unsupported_grant_type: [400, 'This grant type is not supported.'],
  invalid_scope: [400, 'The scope goes beyond what may be granted.'],
  invalid_dpop_proof: [400, 'The proof of possession is not good.'],
  use_dpop_nonce: [400, 'The proof of possession must name the nonce that this answer brings.'],
  invalid_target: [400, 'No token can be issued for this target.'],
  access_denied: [403, 'The client may not do this.'],
  // Of RFC 6585 §4: OAuth has no code of its own for it.
  too_many_requests: [429, 'Too many requests. Try again later.'],
  temporarily_unavailable: [503, 'This is not available right now. Try again shortly.'],
} as const satisfies Record<string, readonly [number, string]>;

export type OAuthErrorCode = keyof typeof errors;

/** Ends an OAuth request with an error answer. `detail` is for the log; it never gets out. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: OAuthErrorCode;
  /** Where a standard asks for another status than the code has. */
  readonly status: number | undefined;
  /** For the next proof of possession. */
  readonly proofNonce: string | undefined;

  constructor(code: OAuthErrorCode, detail: string, more: Readonly<{ status?: number; proofNonce?: string }> = {}) {
    super(detail);
    this.code = code;
    this.status = more.status;
    this.proofNonce = more.proofNonce;
  }
}

export function oauthErrorAnswer(code: OAuthErrorCode, retryAfterSeconds = 1): HttpAnswer {
  const [status, description] = errors[code];
  return {
    status,
    headers: {
      'Cache-Control': 'no-store',
      ...((status === 503 || status === 429) && { 'Retry-After': String(retryAfterSeconds) }),
    },
    json: { error: code, error_description: description },
  };
}
