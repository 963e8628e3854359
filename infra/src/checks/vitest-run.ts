import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from '../repository.ts';
import type { Outcome } from './check.ts';
import { runTool, type ToolRun } from './tool.ts';

const report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['passed', 'failed']),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

type Report = z.output<typeof report>;

/** All tests of some vitest projects. vitest's own report goes to `onOutput` while they run. */
export async function runTests(
  onOutput: (text: string) => void,
  projects: readonly string[],
): Promise<readonly Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-report-'));
  const file = join(folder, 'report.json');
  try {
    const run = await runTool(
      'vitest',
      [
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
        ...projects.map((name) => `--project=${name}`),
      ],
      { onOutput },
    );
    const read = report.safeParse(JSON.parse(await readFile(file, 'utf8').catch(() => 'null')));
    return read.success ? outcomesOf(read.data, run) : [{ title: 'vitest', result: 'failed', output: run.output }];
  } finally {
    await rm(folder, { recursive: true });
  }
}

function outcomesOf({ testResults }: Report, { status, output }: ToolRun): Outcome[] {
  const outcomes = testResults.flatMap((file): Outcome[] => {
    const path = relative(repositoryRoot, file.name);
    const tests = file.assertionResults.map((test): Outcome => {
      const title = `${path}: ${test.fullName}`;
      if (test.status === 'passed') return { title, result: 'passed' };
      if (test.status !== 'failed') return { title, result: 'skipped' };
      return { title, result: 'failed', output: test.failureMessages?.join('\n') ?? '' };
    });
    // A file that could not be loaded, or whose hooks failed, has failed though no test of it did.
    const isBroken = file.status === 'failed' && tests.every(({ result }) => result !== 'failed');
    return isBroken ? [...tests, { title: path, result: 'failed', output: file.message ?? '' }] : tests;
  });
  if (outcomes.length === 0) return [{ title: 'vitest', result: 'failed', output: `No test ran.\n${output}` }];
  const isUnexplained = status !== 0 && outcomes.every(({ result }) => result !== 'failed');
  // An error outside of every test, such as a rejection that nobody waited for.
  return isUnexplained ? [...outcomes, { title: 'vitest', result: 'failed', output }] : outcomes;
}
