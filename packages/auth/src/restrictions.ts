import { courseBeyond, type Course, type TrustTier } from './trust-tier.ts';

/**
 * What the people who run the house may order for a tier, beyond the matrix.
 *
 * - `fail-closed`: a silence is not bridged. What would rest on `degraded` evidence does at once what it does beyond its bound.
 * - `closed`: nobody is let in: 503.
 */
export type TierRestriction = 'fail-closed' | 'closed';

/** What is ordered across the house, whole. It comes over the revocation feed, and holds until another version does. */
export type Restrictions = Readonly<{
  /** Counts up; the greatest is in force. 0: nothing was ever ordered. */
  version: number;
  /** A tier that is not named is as the matrix has it. */
  tiers: Readonly<Partial<Record<TrustTier, TierRestriction>>>;
  /** Greatest age, in seconds, of an access token of the house. Without it, a token is good until its `exp`. */
  accessTokenSeconds?: number | undefined;
}>;

/** What a house has that orders nothing. */
export const noRestrictions: Restrictions = { version: 0, tiers: {} };

/** The course of a tier once what is ordered for it is taken into account. Pure; never milder than without. */
export function restrictCourse(course: Course, tier: TrustTier, { tiers }: Restrictions): Course {
  return course === 'degraded' && tiers[tier] !== undefined ? courseBeyond(tier) : course;
}
