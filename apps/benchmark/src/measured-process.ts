import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startGuarded } from '@sallyport/infra/guarded-process';
import { OperatorError } from '@sallyport/infra/operator-error';
import { readyMark, type Ready } from './orders.ts';

export type MeasuredProcessOptions = Readonly<{
  /** A file of `src/programs`. */
  program: string;
  /** Where it runs: one of `Pinning`'s. */
  launcher: readonly string[];
  /** Its environment. */
  settings?: Readonly<Record<string, string>>;
  /** Options of Node, such as `--expose-gc`. */
  nodeOptions?: readonly string[];
}>;

/** A program of the benchmark, in a process of its own. */
export type MeasuredProcess = Readonly<{
  pid: number;
  /** Where it serves, if it does. */
  url: string;
  /** Gives an order and waits for its answer. Rejects with what the program said when it could not be carried out. */
  order: <Answer>(name: string, input?: unknown) => Promise<Answer>;
  stop: () => Promise<void>;
}>;

const readyWithinMs = 30_000;
/** Until a process has ended whose connection broke because it does. */
const endsWithinMs = 1000;

/** Starts a program and waits until it is ready. It ends when we do. */
export async function startMeasured(options: MeasuredProcessOptions): Promise<MeasuredProcess> {
  const { program, launcher, settings = {}, nodeOptions = [] } = options;
  const said: string[] = [];
  const { promise, resolve } = Promise.withResolvers<Ready>();
  const guarded = startGuarded({
    command: [...launcher, process.execPath, ...nodeOptions, join('src', 'programs', program)],
    cwd: join(import.meta.dirname, '..'),
    // As whoever deploys would have it: libraries leave out what is for development.
    env: { NODE_ENV: 'production', ...settings },
    signal: 'TERM',
    onLine: (line) => {
      if (line.startsWith(readyMark)) resolve(readReady(line));
      else if (said.push(line) > 20) said.shift();
    },
  });
  const timer = setTimeout(() => void guarded.kill(), readyWithinMs);
  const ready = await Promise.race([promise, guarded.ended.then(() => undefined)]);
  clearTimeout(timer);
  if (ready === undefined) throw new OperatorError(`${program} did not start: ${said.join('\n')}`);
  const ask = async (url: string, body: string): Promise<Response> => {
    try {
      return await fetch(url, { method: 'POST', body });
    } catch (error) {
      const status = await Promise.race([guarded.ended, wait(endsWithinMs)]);
      const what = status === undefined ? 'does not answer' : `ended in the middle, with ${status}`;
      throw new Error([`${program} ${what}`, ...said.slice(-5)].join('\n'), { cause: error });
    }
  };
  const order = async <Answer>(name: string, input: unknown = null): Promise<Answer> => {
    const response = await ask(`${ready.orders}/${name}`, JSON.stringify(input));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both ends are the same program's two halves
    const outcome = (await response.json()) as { answer: Answer } | { failed: string };
    if ('failed' in outcome) throw new Error(`${program}: ${outcome.failed}`);
    return outcome.answer;
  };
  return { pid: ready.pid, url: ready.url ?? '', order, stop: guarded.stop };
}

function readReady(line: string): Ready {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `takeOrders`
  return JSON.parse(line.slice(readyMark.length)) as Ready;
}
