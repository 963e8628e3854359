import type { Step } from './check.ts';
import { runMutants } from './mutants.ts';
import { runCommand } from './run-steps.ts';
import { runTests } from './vitest-run.ts';

// `pnpm test:deep`: what takes too long for every change. A minute or many; `pnpm test` has a small part of each.

const steps: readonly Step[] = [
  { name: 'deep', title: 'deep tests', run: (onProgress) => runTests(onProgress, ['deep']) },
  { name: 'mutants', title: 'mutants of packages/auth', run: runMutants },
];

await runCommand({
  name: 'pnpm test:deep',
  about:
    'Runs what takes minutes: large corpora of bad tokens, memory under a million tokens (`*.deep.test.ts`), mutants.',
  steps,
});
