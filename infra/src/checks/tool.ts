import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';
import type { Outcome } from './check.ts';

export type ToolRun = Readonly<{ status: number; output: string }>;

export type ToolOptions = Readonly<{
  onOutput?: (text: string) => void;
  /** The folder whose tool it is, and where it runs. Default: the repository's root. */
  room?: string;
}>;

/** Runs one of the repository's tools, by the name of its command, and gathers what it prints. */
export function runTool(
  name: string,
  args: readonly string[],
  { onOutput = () => {}, room = '.' }: ToolOptions = {},
): Promise<ToolRun> {
  const folder = join(repositoryRoot, room);
  const { promise, resolve } = Promise.withResolvers<ToolRun>();
  const child = spawn(join(folder, 'node_modules/.bin', name), args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
  });
  let output = '';
  const gather = (chunk: Buffer) => {
    output += chunk.toString();
    onOutput(chunk.toString());
  };
  child.stdout.on('data', gather);
  child.stderr.on('data', gather);
  child.once('error', (error) => resolve({ status: 127, output: error.message }));
  child.once('close', (code) => resolve({ status: code ?? 1, output }));
  return promise;
}

/** A tool whose exit code says whether all is well. */
export async function checkByTool(title: string, name: string, args: readonly string[]): Promise<readonly Outcome[]> {
  const { status, output } = await runTool(name, args);
  return [status === 0 ? { title, result: 'passed' } : { title, result: 'failed', output }];
}
