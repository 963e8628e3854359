import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { liveWithinMs } from './revocation-feed.ts';
import { courseOf, courseWithoutFeed, strictestTier, trustTiers, type Course, type TrustTier } from './trust-tier.ts';

/** Each tier's courses by growing silence: the last millisecond of each. An independent spelling of the matrix. */
const oracle: Readonly<Record<TrustTier, readonly (readonly [untilMs: number, course: Course])[]>> = {
  publicRead: [
    [3500, 'local'],
    [60_000, 'degraded'],
    [Infinity, 'anonymous'],
  ],
  authenticatedRead: [
    [3500, 'local'],
    [60_000, 'degraded'],
    [Infinity, 'unavailable'],
  ],
  standardWrite: [
    [3500, 'local'],
    [10_000, 'degraded'],
    [Infinity, 'introspect'],
  ],
  privilegedWrite: [[Infinity, 'introspect']],
  regulatedAction: [[Infinity, 'introspect']],
};

const expected = (tier: TrustTier, silenceMs: number): Course | undefined =>
  oracle[tier].find(([untilMs]) => silenceMs <= untilMs)?.[1];

const edges = [0, 3500, 10_000, 60_000].flatMap((ms) => [Math.max(0, ms - 1), ms, ms + 0.001, ms + 1]);

describe.each(trustTiers)('the course of %s', (tier) => {
  test.each([...edges, Infinity])('after %d ms of silence', (silenceMs) => {
    expect(courseOf(tier, silenceMs, liveWithinMs)).toBe(expected(tier, silenceMs));
  });

  test('at any other time, and never milder than after less silence', () => {
    const strictness: readonly Course[] = ['local', 'degraded', 'anonymous', 'introspect', 'unavailable'];
    const rank = (silenceMs: number): number => strictness.indexOf(courseOf(tier, silenceMs, liveWithinMs));
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100_000, noNaN: true }), fc.nat(100_000), (silenceMs, moreMs) => {
        expect(courseOf(tier, silenceMs, liveWithinMs)).toBe(expected(tier, silenceMs));
        expect(rank(silenceMs + moreMs)).toBeGreaterThanOrEqual(rank(silenceMs));
      }),
      { numRuns: 2000 },
    );
  });

  test('a silence that is no number is no proof', () => {
    expect(courseOf(tier, Number.NaN, liveWithinMs)).toBe(expected(tier, Infinity));
  });
});

test('without a feed reads rest on the signature alone, and say so; everything stricter asks', () => {
  expect(Object.fromEntries(trustTiers.map((tier) => [tier, courseWithoutFeed(tier)]))).toEqual({
    publicRead: 'degraded',
    authenticatedRead: 'degraded',
    standardWrite: 'introspect',
    privilegedWrite: 'introspect',
    regulatedAction: 'introspect',
  });
});

test('a batch is decided by its strictest member, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...trustTiers), { minLength: 1, maxLength: 12 }), (tiers) => {
      const strictest = strictestTier(tiers);
      expect(tiers).toContain(strictest);
      for (const tier of tiers) expect(trustTiers.indexOf(tier)).toBeLessThanOrEqual(trustTiers.indexOf(strictest));
    }),
  );
  expect(strictestTier([])).toBe('publicRead');
});
