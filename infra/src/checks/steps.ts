import { checkPublishedPackage } from '../published/package-checks.ts';
import { repositoryRoot } from '../repository.ts';
import type { Outcome, Step } from './check.ts';
import { outdatedDocs } from './generated-docs.ts';
import { undocumentedNames } from './public-api/public-api.ts';
import { readProofs, standardProblems } from './standards/proofs.ts';
import { standards } from './standards/standards.ts';
import { rules } from './tidy/rules.ts';
import { type Problem, readSourceFiles } from './tidy/source-files.ts';
import { checkByTool } from './tool.ts';
import { runTests } from './vitest-run.ts';

/** All of `pnpm test`, in order: what is quick to know comes first. */
export const steps: readonly Step[] = [
  { name: 'format', title: 'format', run: () => checkByTool('format', 'oxfmt', ['--check', '.']) },
  { name: 'tidy', title: 'house rules', run: checkHouseRules },
  { name: 'docs', title: 'documents', run: checkDocs },
  { name: 'boundaries', title: 'boundaries', run: () => checkByTool('boundaries', 'turbo', ['boundaries']) },
  { name: 'lint', title: 'lint', run: () => checkByTool('lint', 'oxlint', []) },
  { name: 'unused', title: 'unused code', run: () => checkByTool('unused code', 'knip', []) },
  {
    name: 'types',
    title: 'types',
    run: () =>
      checkByTool('types', 'turbo', ['run', 'types', '--continue', '--output-logs=errors-only', '--ui=stream']),
  },
  { name: 'package', title: 'the published package', run: checkPublishedPackage },
  { name: 'tests', title: 'tests', run: (onProgress) => runTests(onProgress, ['rooms', 'system']) },
];

async function checkHouseRules(): Promise<readonly Outcome[]> {
  const files = await readSourceFiles(repositoryRoot);
  return rules.map(({ title, problems }): Outcome => {
    const found = problems(files);
    return found.length === 0
      ? { title, result: 'passed' }
      : { title, result: 'failed', output: found.map(describe).join('\n') };
  });
}

async function checkDocs(): Promise<readonly Outcome[]> {
  const outdated = await outdatedDocs(repositoryRoot);
  const undocumented = undocumentedNames(repositoryRoot);
  const unproven = standardProblems(standards, readProofs(await readSourceFiles(repositoryRoot)));
  return [
    outdated.length === 0
      ? { title: 'generated documents are current', result: 'passed' }
      : {
          title: 'generated documents are current',
          result: 'failed',
          output: `${outdated.join(', ')}: run \`npx pnpm docs:write\``,
        },
    undocumented.length === 0
      ? { title: 'exported names are documented', result: 'passed' }
      : { title: 'exported names are documented', result: 'failed', output: undocumented.join('\n') },
    unproven.length === 0
      ? { title: 'each row of a standard has a test, or a reason', result: 'passed' }
      : {
          title: 'each row of a standard has a test, or a reason',
          result: 'failed',
          output: unproven.map(describe).join('\n'),
        },
  ];
}

function describe({ path, line, message }: Problem): string {
  return `${path}${line === undefined ? '' : `:${line}`}: ${message}`;
}
