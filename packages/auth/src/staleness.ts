import { clockSkewSeconds } from './claims.ts';
import { liveWithinMs } from './revocation-feed.ts';
import { trustMatrix } from './trust-tier.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/**
 * What may lie between a revocation and the first "no", part by part, in milliseconds, while authority and feed are well. The
 * package's own parts are the defaults; whoever puts something of their own in between says here what it adds.
 */
export type StalenessParts = Readonly<{
  /** How long a "yes" is kept and not looked at again. 0: each hit of the cache is held against the feed; answers are not kept. */
  cache: number;
  /** How old a question may be when others join it. 0: only questions that were not sent yet are joined. */
  batchWindow: number;
  /** How long the feed may prove nothing and still count as alive. A proof is as of the moment of its question. */
  feedLag: number;
  /** What disagreeing clocks add. 0: revocations are ordered by positions and serials, silence is monotonic. */
  clockSkew: number;
}>;

/** What this package's own parts add, in milliseconds. A service adds what it puts around them. */
export const ownStaleness: StalenessParts = { cache: 0, batchWindow: 0, feedLag: liveWithinMs, clockSkew: 0 };

/**
 * Which parts lie in the way of each gate. The fresh gate rests on no feed.
 */
const partsOfGate = {
  none: [],
  local: ['cache', 'batchWindow', 'feedLag', 'clockSkew'],
  fresh: ['cache', 'batchWindow'],
} as const satisfies Record<string, readonly (keyof StalenessParts)[]>;

/**
 * Adds up the parts for each tier, and for each issuer without a feed.
 *
 * @throws with the sum when one does not fit its bound: such a service must not start
 */
export function assertStalenessFits(changes: Partial<StalenessParts>, issuers: readonly TrustedIssuer[]): void {
  const parts = { ...ownStaleness, ...changes };
  for (const [name, ms] of Object.entries(parts)) {
    if (!Number.isFinite(ms) || ms < 0)
      throw new Error(`the staleness part ${name} is ${ms}: use milliseconds from 0 on`);
  }
  for (const [tier, { gate, stalenessBoundSeconds }] of Object.entries(trustMatrix)) {
    if (stalenessBoundSeconds === null) continue;
    const sum = partsOfGate[gate].map((name) => [name, parts[name]] as const);
    assertFits(tier, sum, stalenessBoundSeconds * 1000);
  }
  for (const issuer of issuers) assertBeliefFits(issuer);
}

/** Without a feed a "yes" is as old as its token may be, by two clocks. Older than its token is nothing. */
function assertBeliefFits({ issuer, local, revocations }: TrustedIssuer): void {
  if (!('feed' in revocations) || local === undefined) return;
  const skewMs = clockSkewSeconds * 1000;
  const sum = [
    ['belief without a feed', revocations.believeForSeconds * 1000] as const,
    ['clockSkew', skewMs] as const,
  ];
  assertFits(`the issuer ${issuer}`, sum, local.maxLifetimeSeconds * 1000 + skewMs);
}

function assertFits(who: string, parts: readonly (readonly [string, number])[], boundMs: number): void {
  const sumMs = parts.reduce((total, [, ms]) => total + ms, 0);
  if (sumMs <= boundMs) return;
  const written = parts.map(([name, ms]) => `${name} ${ms / 1000} s`).join(' + ');
  throw new Error(`${who} promises ${boundMs / 1000} s, but ${written} = ${sumMs / 1000} s`);
}
