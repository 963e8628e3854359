import { expect, test } from 'vitest';
import { measureMemory } from './attacks/measured-memory.ts';

test('ten thousand distinct good tokens grow a process by at most 64 MiB (a million in pnpm test:deep)', async () => {
  const { admitted, grownMebibytes } = await measureMemory(10_000, 'ignore');
  expect(admitted).toBe(10_000);
  expect(grownMebibytes).toBeLessThanOrEqual(64);
}, 60_000);
