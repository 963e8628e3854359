import type { BearerToken, OpaqueToken } from './bearer-token.ts';
import type { Moment } from './clock.ts';
import type { DenialReason } from './denial.ts';
import type { OnwardAnswer, OnwardWish } from './onward.ts';
import type { Confirmation } from './sender.ts';

/** What a token says, once somebody has checked that it may be believed. Times are epoch seconds. */
export type VerifiedToken = Readonly<{
  /** Whose token: a person's, or a service's own. */
  kind: 'user' | 'service';
  issuer: string;
  /** Unique within `issuer` only. Of a service: its client id. */
  subject: string;
  client: string;
  audience: string;
  scope: ReadonlySet<string>;
  /** From the claim `roles`; after an introspection, what the authority says they are now. */
  roles: ReadonlySet<string>;
  tokenId: string;
  /** Empty for an opaque token: no key signed it. */
  keyId: string;
  issuedAt: number;
  expiresAt: number;
  /** Absent on a service's own token, because nobody signed in, and where a foreign issuer names none. */
  session?: string;
  authTime?: number;
  /** In the house's words: a foreign issuer's value only where its configuration says what that means here. */
  acr?: string;
  /** Absent on a bearer token. A token with one is worth nothing to anybody but its sender. */
  confirmation?: Confirmation;
}>;

/** What the authority knows about a token's session, read after the request arrived. Times are its epoch seconds. */
export type SessionState = Readonly<{
  authTime?: number;
  secondFactorAt?: number;
  acr?: string;
  /** What the authority asks of this session behind the fresh gate, besides what a procedure does. Greatest age in seconds. */
  secondFactorWithinSeconds?: number;
  /**
   * The authority's clock when it answered: ages are taken against it, so that clocks need not agree. RFC 7662 has no such
   * member: an issuer that is asked that way is held against our own clock.
   */
  answeredAt: number;
}>;

/** What a `TokenVerifier` answers: yes, no, or that nobody could say. The three are never folded into two. */
export type Verification =
  | Readonly<{
      outcome: 'verified';
      token: VerifiedToken;
      session?: SessionState;
      checkedAtMs: number;
      /** From the fresh gate of an issuer that gives transaction tokens, when one was wished for. */
      onward?: OnwardAnswer;
    }>
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
  /**
   * `wish`: for whoever asks the authority anyway, and can ask for a transaction token with it. `moment`: now, for whoever would only
   * look at the clock. Others ignore them.
   */
  verify(token: BearerToken, wish?: OnwardWish, moment?: Moment): Verification | Promise<Verification>;
  /** Greatest `exp − iat`, in seconds, of a token that it verifies. Revocations must be remembered for as long. */
  readonly maxLifetimeSeconds: number;
}

/** The same for tokens that say nothing by themselves: only their issuer can tell, so `verified` always comes with `session`. */
export interface OpaqueTokenVerifier {
  verify(token: OpaqueToken): Promise<Verification>;
}
