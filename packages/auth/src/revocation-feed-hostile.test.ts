import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostileFeedProperty } from './testing/hostile-feed-property.ts';

test('messages lost, repeated, reordered, late or frozen, questions lost, an authority that went back: what is claimed to be known is', async () => {
  await expect(fc.assert(hostileFeedProperty, { numRuns: 300 })).resolves.toBeUndefined();
});
