/** The five trust tiers, from the least demanding to the most. A batch is decided by its strictest member. */
export const trustTiers = [
  'publicRead',
  'authenticatedRead',
  'standardWrite',
  'privilegedWrite',
  'regulatedAction',
] as const;

/** The name of a tier. `docs/trust-matrix.md` says what each rests on, and what it does in an outage. */
export type TrustTier = (typeof trustTiers)[number];

export function strictestTier(tiers: readonly TrustTier[]): TrustTier {
  return trustTiers.findLast((tier) => tiers.includes(tier)) ?? 'publicRead';
}

/** What a tier rests on, how stale that may be, and what it does when it cannot know. Times in seconds. */
type TierRule = Readonly<{
  gate: 'none' | 'local' | 'fresh';
  /** Greatest age of what a "yes" rests on while authority and feed are well. `null`: no claim is made. */
  stalenessBoundSeconds: number | null;
  /** How long a silent feed is bridged with `degraded` evidence. */
  bridgeSilenceSeconds: number;
  /** What happens after that, or when a fresh answer is not to be had. */
  beyond: 'serve' | 'introspect' | 'unavailable';
}>;

/** The fallback matrix. `docs/trust-matrix.md` is printed from it. */
export const trustMatrix = {
  publicRead: {
    gate: 'none',
    stalenessBoundSeconds: null,
    bridgeSilenceSeconds: 60,
    beyond: 'serve',
  },
  authenticatedRead: {
    gate: 'local',
    stalenessBoundSeconds: 5,
    bridgeSilenceSeconds: 60,
    beyond: 'unavailable',
  },
  standardWrite: {
    gate: 'local',
    stalenessBoundSeconds: 5,
    bridgeSilenceSeconds: 10,
    beyond: 'introspect',
  },
  privilegedWrite: {
    gate: 'fresh',
    stalenessBoundSeconds: 0,
    bridgeSilenceSeconds: 0,
    beyond: 'unavailable',
  },
  regulatedAction: {
    gate: 'fresh',
    stalenessBoundSeconds: 0,
    bridgeSilenceSeconds: 0,
    beyond: 'unavailable',
  },
} as const satisfies Record<TrustTier, TierRule>;

/** How a request of a tier is decided, given how long the feed has proven nothing. */
export type Course = 'local' | 'degraded' | 'anonymous' | 'introspect' | 'unavailable';

/** Reads the matrix. Pure: `liveMs` is up to when the feed counts as alive. */
export function courseOf(tier: TrustTier, silenceMs: number, liveMs: number): Course {
  const rule = trustMatrix[tier];
  if (rule.gate === 'fresh') return 'introspect';
  if (silenceMs <= liveMs) return 'local';
  if (silenceMs <= rule.bridgeSilenceSeconds * 1000) return 'degraded';
  return courseBeyond(tier);
}

/** What a tier does when it cannot know, and no silence is bridged (any more). Pure. */
export function courseBeyond(tier: TrustTier): Course {
  const { beyond } = trustMatrix[tier];
  return beyond === 'serve' ? 'anonymous' : beyond;
}

/** The same for an issuer without a feed: what would bridge a silence rests on its signature, everything else asks. Pure. */
export function courseWithoutFeed(tier: TrustTier): Course {
  const rule = trustMatrix[tier];
  return rule.gate === 'fresh' || rule.beyond === 'introspect' ? 'introspect' : 'degraded';
}
