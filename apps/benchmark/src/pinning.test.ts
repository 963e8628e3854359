import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { findPinning, readProcessorList } from './pinning.ts';

test.each([
  ['0-1', [0, 1]],
  ['3', [3]],
  ['0-2,5,8-9', [0, 1, 2, 5, 8, 9]],
  ['', []],
])('the processors %j', (list, processors) => {
  expect(readProcessorList(list)).toEqual(processors);
});

test('where the system has taskset and a processor to spare, what is measured is alone on one', async () => {
  const pinning = findPinning();
  const affinity = (launcher: readonly string[]) => {
    const { stdout } = spawnSync('env', [...launcher, 'cat', '/proc/self/status'], { encoding: 'utf8' });
    return readProcessorList(/^Cpus_allowed_list:\s*(\S+)/m.exec(stdout)?.[1] ?? '');
  };
  const isPossible = existsSync('/usr/bin/taskset') && availableParallelism() > 1;
  const [measured, rest] = [affinity(pinning.measured), affinity(pinning.rest)];
  expect(isPossible ? measured : [0]).toHaveLength(1);
  expect(isPossible ? rest.filter((processor) => measured.includes(processor)) : []).toEqual([]);
});
