import type { Outcome } from './check.ts';
import { runTool } from './tool.ts';

/** `pnpm mutants`. Stryker answers 1 when its score is below the threshold of packages/auth/stryker.config.json. */
export async function runMutants(onProgress: (text: string) => void): Promise<readonly Outcome[]> {
  const title = 'enough mutants are noticed';
  const { status, output } = await runTool('stryker', ['run'], { onOutput: onProgress, room: 'packages/auth' });
  return [status === 0 ? { title, result: 'passed' } : { title, result: 'failed', output: output.slice(-4000) }];
}
