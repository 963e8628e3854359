import type { BearerToken } from './bearer-token.ts';
import type { DenialReason } from './denial.ts';

/** What a token says, once somebody has checked that it may be believed. Times are epoch seconds. */
export type VerifiedToken = Readonly<{
  issuer: string;
  subject: string;
  client: string;
  audience: string;
  scope: ReadonlySet<string>;
  tokenId: string;
  keyId: string;
  issuedAt: number;
  expiresAt: number;
  /** Absent on a service's own token: nobody signed in. */
  session?: string;
  authTime?: number;
  acr?: string;
}>;

/** What the authority knows about a token's session, read after the request arrived. Times are its epoch seconds. */
export type SessionState = Readonly<{
  authTime: number;
  secondFactorAt?: number;
  acr: string;
  /** The authority's clock when it answered: ages are taken against it, so that clocks need not agree. */
  answeredAt: number;
}>;

export type Verification =
  | Readonly<{ outcome: 'verified'; token: VerifiedToken; session?: SessionState; checkedAtMs: number }>
  | Readonly<{ outcome: 'refused'; reason: DenialReason; token?: VerifiedToken }>
  | Readonly<{ outcome: 'unknown'; reason: 'keys_unavailable' | 'authority_unreachable' }>;

/**
 * Tells whether a token may be believed.
 *
 * - `verified`: signature, type, issuer, audience and times hold; with `session`, the authority vouched for it just now.
 * - `refused`: it will never be believed. - `unknown`: nobody could say; never to be treated as either of the others.
 * - `checkedAtMs` is monotonic, and taken *before* the check began: what is known is at least that old.
 *
 * A verifier does not look at the revocation feed, scopes or tiers: `gates.ts` and `authorize.ts` do. It never throws.
 */
export interface TokenVerifier {
  verify(token: BearerToken): Verification | Promise<Verification>;
}
