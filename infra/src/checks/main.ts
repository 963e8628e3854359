import { runCommand } from './run-steps.ts';
import { steps } from './steps.ts';

// `pnpm test`: everything that must hold, each check and each test counted.

await runCommand({
  name: 'pnpm test',
  about: 'Checks everything: format, house rules, documents, boundaries, lint, unused code, types, and all tests.',
  steps,
});
