import { defineConfig } from 'vitest/config';

// For Stryker, which runs it from a copy of this folder.
export default defineConfig({
  test: { include: ['src/**/*.test.ts'], exclude: ['src/**/*.deep.test.ts', 'node_modules/**'], testTimeout: 20_000 },
});
