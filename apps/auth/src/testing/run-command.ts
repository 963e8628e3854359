import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type CommandOutcome = Readonly<{ code: unknown; stdout: string; stderr: string }>;

/** Runs a command of this service as a process of its own, as an operator does. `script` is relative to `src`. */
export function runScript(
  script: string,
  settings: Readonly<Record<string, string>>,
  options: readonly string[],
): Promise<CommandOutcome> {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [path, ...options],
      { env: { ...process.env, ...settings } },
      (error, stdout, stderr) => {
        resolve({ code: error?.code ?? 0, stdout, stderr });
      },
    );
  });
}
