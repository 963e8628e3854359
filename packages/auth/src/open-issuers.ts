import type { BearerToken } from './bearer-token.ts';
import { clockSkewSeconds } from './claims.ts';
import type { Clock, Moment } from './clock.ts';
import { isBehind, type ConsistencyHeader } from './consistency-token.ts';
import { restrictCourse, type Restrictions } from './restrictions.ts';
import { liveWithinMs, type RevocationFeed } from './revocation-feed.ts';
import { rememberRevocations } from './revocations.ts';
import type { VerifiedToken } from './token-verifier.ts';
import { courseOf, courseWithoutFeed, type Course, type TrustTier } from './trust-tier.ts';
import { assertIssuersFit, chooseIssuer, type TrustedIssuer } from './trusted-issuer.ts';

/** A trusted issuer at work: with a feed or without, the gates ask it the same questions. */
export type OpenIssuer = Pick<TrustedIssuer, 'issuer' | 'name' | 'local' | 'fresh' | 'opaque' | 'confirmation'> &
  Pick<RevocationFeed, 'isRevoked' | 'learn'> &
  Readonly<{
    course: (tier: TrustTier, moment?: Moment) => Course;
    /** Whether this service has yet to hear of what the request must not be answered without. */
    isBehind: (consistency: ConsistencyHeader) => boolean;
    /** Whether a token that was verified locally is young enough to be believed without asking. */
    believes: (token: VerifiedToken) => boolean;
    /** Whether a token of the house is older than what is ordered lets it become. */
    isTooOld: (token: VerifiedToken) => boolean;
  }>;

export type OpenIssuers = Readonly<{
  /** Who should look at a token, by what it says about itself. */
  of: (token: BearerToken) => OpenIssuer | undefined;
  named: (issuer: string) => OpenIssuer | undefined;
  ofOpaqueTokens: OpenIssuer | undefined;
}>;

type IssuerParts = Readonly<{ clock: Clock; restrictions: () => Restrictions }>;

/** @throws what `assertIssuersFit` throws */
export function openIssuers(trusted: readonly TrustedIssuer[], { clock, restrictions }: IssuerParts): OpenIssuers {
  assertIssuersFit(trusted);
  const issuers = trusted.map((issuer) => openIssuer(issuer, { clock, restrictions }));
  return {
    of: chooseIssuer(issuers),
    named: (name) => issuers.find(({ issuer }) => issuer === name),
    ofOpaqueTokens: issuers.find(({ opaque }) => opaque !== undefined),
  };
}

function openIssuer({ revocations, ...issuer }: TrustedIssuer, { clock, restrictions }: IssuerParts): OpenIssuer {
  const isTooOld = ({ issuedAt }: VerifiedToken): boolean => {
    const { accessTokenSeconds } = restrictions();
    if (issuer.name !== undefined || accessTokenSeconds === undefined) return false;
    return clock.epochSeconds() - issuedAt > accessTokenSeconds + clockSkewSeconds;
  };
  if (!('feed' in revocations)) {
    return {
      ...issuer,
      isRevoked: (token) => revocations.isRevoked(token),
      learn: (revocation) => revocations.learn(revocation),
      course: (tier, moment) =>
        restrictCourse(courseOf(tier, revocations.silenceMs(moment), liveWithinMs), tier, restrictions()),
      // Consistency tokens are of the house's feed; what others revoked has nothing to do with it.
      isBehind: (consistency) => issuer.name === undefined && isBehind(consistency, revocations.position()),
      believes: () => true,
      isTooOld,
    };
  }
  // What the issuer answered about its tokens: nothing else tells of them.
  const learned = rememberRevocations();
  return {
    ...issuer,
    isRevoked: learned.covers,
    learn: (revocation) => learned.add(revocation, clock.monotonicMs()),
    // Reads rest on a signature alone there: closed, they ask.
    course: (tier) => (restrictions().tiers[tier] === undefined ? courseWithoutFeed(tier) : 'introspect'),
    isBehind: (consistency) => issuer.name === undefined && isBehind(consistency, undefined),
    believes: ({ issuedAt }) => clock.epochSeconds() - issuedAt <= revocations.believeForSeconds,
    isTooOld,
  };
}
