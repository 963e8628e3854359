import { expect, test } from 'vitest';
import { measureMemory } from './attacks/measured-memory.ts';

test('a million distinct good tokens grow a process by at most 64 MiB', async () => {
  const { admitted, grownMebibytes } = await measureMemory(1_000_000);
  expect(admitted).toBe(1_000_000);
  expect(grownMebibytes).toBeLessThanOrEqual(64);
});
