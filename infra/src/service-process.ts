import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startGuarded, type GuardedProcess } from './guarded-process.ts';
import { lastWords } from './last-words.ts';
import { OperatorError } from './operator-error.ts';
import { repositoryRoot } from './repository.ts';
import { readServiceLine, type ServiceLine } from './service-line.ts';

export const serviceNames = ['auth', 'catalog', 'payments'] as const;
export type ServiceName = (typeof serviceNames)[number];

export type ServiceOptions = Readonly<{
  name: ServiceName;
  /** Where it will be reached. */
  url: string;
  env: Readonly<Record<string, string>>;
  /** What starts Node, such as `taskset -c 0`. Default: nothing. */
  launcher?: readonly string[] | undefined;
  /** The program, in the service's folder. Default `src/main.ts`. */
  program?: string | undefined;
  /** Default: nobody reads the lines, and they cost nothing to read. */
  onLine?: ((line: ServiceLine) => void) | undefined;
}>;

export type ServiceProcess = GuardedProcess;

const readyWithinMs = 20_000;

/**
 * Starts a service and waits until it says that it is ready.
 * @throws OperatorError when it ends before that, with its last line, or is not ready within 20 s
 */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const lines: string[] = [];
  const service = startNode(
    options,
    options.program ?? 'src/main.ts',
    (text) => lines.push(text) > 20 && lines.shift(),
  );
  const outcome = await Promise.race([service.ended, whenReady(options)]);
  if (outcome === 'ready') return service;
  await service.kill();
  const said = lastWords(lines);
  throw new OperatorError(
    typeof outcome === 'number'
      ? `${options.name} did not start: ${said}`
      : `${options.name} is not ready after ${readyWithinMs / 1000} s: ${outcome.missing}`,
  );
}

/** Runs a service's `prepare.ts`: its tables, and the demo data. */
export async function prepareService(options: Omit<ServiceOptions, 'url'>): Promise<void> {
  const said: string[] = [];
  const status = await startNode(options, 'src/prepare.ts', (text) => said.push(text)).ended;
  if (status !== 0) throw new OperatorError(`${options.name} could not prepare its database: ${lastWords(said)}`);
}

function startNode(
  { name, env, launcher = [], onLine }: Omit<ServiceOptions, 'url'>,
  program: string,
  remember: (text: string) => void,
): GuardedProcess {
  return startGuarded({
    command: [...launcher, process.execPath, '--enable-source-maps', program],
    cwd: join(repositoryRoot, 'apps', name),
    env,
    signal: 'TERM',
    onLine: (text) => {
      remember(text);
      onLine?.(readServiceLine(name, text));
    },
  });
}

async function whenReady({ url }: ServiceOptions): Promise<'ready' | { missing: string }> {
  const untilMs = performance.now() + readyWithinMs;
  let missing = 'it does not listen';
  while (performance.now() < untilMs) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (answer?.ok) return 'ready';
    if (answer !== undefined) missing = await answer.text();
    await wait(50);
  }
  return { missing };
}
