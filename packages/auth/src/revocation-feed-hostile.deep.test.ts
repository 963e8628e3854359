import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostileFeedProperty } from './testing/hostile-feed-property.ts';

test('5,000 networks and authorities that do what they like: what the follower claims to know, it knows', async () => {
  await expect(fc.assert(hostileFeedProperty, { numRuns: 5000 })).resolves.toBeUndefined();
}, 600_000);
