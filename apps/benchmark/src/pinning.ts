import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What starts a process so that it stays on its processors, such as `taskset -c 0`. Empty where the system cannot. */
export type Pinning = Readonly<{
  /** One processor, for what is measured and nothing else. */
  measured: readonly string[];
  /** All others: the load generator, PostgreSQL, and whatever else there is. */
  rest: readonly string[];
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
    taskset(['--cpu-list', rest, '--all-tasks', '--pid', String(process.pid)]);
  if (!isPossible) return { measured: [], rest: [], sentence: 'Not pinned: processes moved between processors.' };
  return {
    measured: ['taskset', '-c', String(first)],
    rest: ['taskset', '-c', rest],
    sentence: `What is measured had processor ${first} to itself; load, PostgreSQL and the rest were on ${rest}.`,
  };
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
