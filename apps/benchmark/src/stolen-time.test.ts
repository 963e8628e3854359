import { expect, test } from 'vitest';
import { readStolen, stolenSeconds } from './stolen-time.ts';

const stat = `cpu  8691908 100341 2125661 6728473 20226 0 231691 72596 0 0
cpu0 4551314 50933 968525 3255794 2868 0 125553 34242 0 0
cpu1 4140593 49408 1157135 3472678 17357 0 106138 38354 0 0
cpu10 1 2 3 4 5 6 7 99900 9 10
intr 1 2 3
`;

test.each([
  [[0], 342.42],
  [[1], 383.54],
  [[10], 999],
  [[0, 1], 362.98],
  [[7], 0],
  [[], 0],
])('of the processors %o, the host has kept %d s', (processors, seconds) => {
  expect(readStolen(stat, processors)).toBeCloseTo(seconds, 6);
});

test('of a process that is not there nothing was stolen', () => {
  expect(stolenSeconds(-1)).toBe(0);
});
