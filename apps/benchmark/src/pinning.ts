import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What starts a process so that it stays on its processors, such as `taskset -c 0`. Empty where the system cannot. */
export type Pinning = Readonly<{
  /** One processor, for what is measured and nothing else. */
  measured: readonly string[];
  /** As `measured`, for a service that logs each request: see `withLinesRead`. */
  measuredService: readonly string[];
  /** As `rest`, for such a service. */
  restService: readonly string[];
  /** All others: the load generator, PostgreSQL, and whatever else there is. */
  rest: readonly string[];
  /** All processors, for a program that divides them itself: a child stays where its parent is unless it is told otherwise. */
  everywhere: readonly string[];
  everywhereService: readonly string[];
  /** For the report. */
  sentence: string;
}>;

/** Keeps what is measured and what drives it apart, where the system has `taskset` and two processors. Puts this process with the rest. */
export function findPinning(): Pinning {
  const [first, ...others] = processors();
  const rest = others.join(',');
  const isPossible =
    first !== undefined &&
    others.length > 0 &&
    taskset(['--all-tasks', '--cpu-list', '--pid', rest, String(process.pid)]);
  if (!isPossible) return notPinned;
  return pinningOf(
    { measured: String(first), rest, everywhere: `${first},${rest}` },
    `What is measured had processor ${first} to itself; load, PostgreSQL and the rest were on ${rest}.`,
  );
}

export const notPinned = pinningOf(
  { measured: '', rest: '', everywhere: '' },
  'Not pinned: processes moved between processors.',
);

type ProcessorLists = Readonly<Record<'measured' | 'rest' | 'everywhere', string>>;

function pinningOf(lists: ProcessorLists, sentence: string): Pinning {
  const on = (list: string): readonly string[] => (list === '' ? [] : ['taskset', '-c', list]);
  const [measured, rest, everywhere] = [on(lists.measured), on(lists.rest), on(lists.everywhere)];
  return {
    measured,
    rest,
    everywhere,
    measuredService: withLinesRead(measured, rest),
    restService: withLinesRead(rest, rest),
    everywhereService: withLinesRead(everywhere, rest),
    sentence,
  };
}

/**
 * A launcher whose program writes its lines to a pipe, as in production, that a filter reads: only what is not of level `info` comes
 * through to us. We read 30,000 lines a second more slowly than a service writes them, on the processor of the load.
 */
function withLinesRead(launcher: readonly string[], reader: readonly string[]): readonly string[] {
  if (spawnSync('bash', ['-c', ':']).status !== 0) return launcher;
  const filter = [...reader, 'grep', '--line-buffered', '--invert-match', `'^{"level":"info"'`].join(' ');
  return ['bash', '-c', `exec ${launcher.join(' ')} "$@" > >(exec ${filter})`, 'bash'];
}

function taskset(options: readonly string[]): boolean {
  return spawnSync('taskset', options, { stdio: 'ignore' }).status === 0;
}

/** Those that this process may use; none where the system does not tell. */
function processors(): readonly number[] {
  try {
    const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return readProcessorList(list);
  } catch {
    return [];
  }
}

/** `0-2,5` is 0, 1, 2, 5. */
export function readProcessorList(list: string): readonly number[] {
  if (list === '') return [];
  return list.split(',').flatMap((range) => {
    const [from = NaN, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
