import { expect, test } from 'vitest';
import { measureMemory } from './attacks/measured-memory.ts';

test.each(['each', 'returning'] as const)(
  'a million distinct good tokens grow a process by at most 64 MiB (%s kept)',
  async (keep) => {
    const { admitted, grownMebibytes } = await measureMemory(1_000_000, keep);
    expect(admitted).toBe(1_000_000);
    expect(grownMebibytes).toBeLessThanOrEqual(64);
  },
);
