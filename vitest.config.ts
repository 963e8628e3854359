import { defineConfig } from 'vitest/config';

// Tests wait more than they compute: a worker for each core, where vitest leaves one core out.
const everywhere = { pool: 'forks', maxWorkers: '100%', testTimeout: 20_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    globalSetup: ['infra/src/testing/global-setup.ts'],
    projects: [
      {
        test: {
          ...everywhere,
          name: 'rooms',
          include: ['{apps,packages}/*/src/**/*.test.ts', 'infra/src/**/*.test.ts'],
          exclude: ['infra/src/e2e/**', '**/*.deep.test.ts'],
        },
      },
      {
        // What takes minutes, for `pnpm test:deep`: one file at a time, since some measure memory.
        test: {
          ...everywhere,
          name: 'deep',
          include: ['{apps,packages}/*/src/**/*.deep.test.ts', 'infra/src/**/*.deep.test.ts'],
          sequence: { groupOrder: 2 },
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 30 * 60_000,
        },
      },
      {
        // Three processes and their promises in seconds: two suites at a time, which mostly wait, when the rest is done.
        test: {
          ...everywhere,
          name: 'system',
          include: ['infra/src/e2e/**/*.test.ts'],
          exclude: ['**/*.deep.test.ts'],
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          testTimeout: 60_000,
        },
      },
    ],
  },
});
