import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * How many bytes V8 moved to its old generation in fifty turns, though nothing of a turn was in use any more when it was over. Garbage gets there
 * when garbage that is there already refers to it (docs/decisions/0041).
 */
export async function grownOld(turn: () => Promise<void> | void): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: Readonly<{ type: 'minor' | 'major' }>) => void;
  // Long enough for V8 to have compiled what runs.
  for (let taken = 0; taken < 25; taken += 1) await turn();
  collect({ type: 'major' });
  const before = oldBytes();
  for (let taken = 0; taken < 50; taken += 1) {
    await turn();
    collect({ type: 'minor' });
    collect({ type: 'minor' });
  }
  return oldBytes() - before;
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size ?? NaN;
}
