import { readFileSync } from 'node:fs';
import { readProcessorList } from './pinning.ts';

/** proc_stat(5) counts in these, on every machine. */
const ticksPerSecond = 100;

/**
 * Seconds that the host of a virtual machine has given to others of what a process's processors wanted to run: of each that it may use, on
 * average. 0 where the system does not tell.
 */
export function stolenSeconds(pid: number): number {
  try {
    const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return readStolen(readFileSync('/proc/stat', 'utf8'), readProcessorList(list));
  } catch {
    return 0;
  }
}

/** From the text of `/proc/stat`. */
export function readStolen(stat: string, processors: readonly number[]): number {
  const rows = stat.split('\n').map((line) => line.split(' '));
  const stolen = processors.map((processor) => Number(rows.find(([name]) => name === `cpu${processor}`)?.[8] ?? 0));
  return stolen.reduce((sum, ticks) => sum + ticks, 0) / Math.max(1, stolen.length) / ticksPerSecond;
}
