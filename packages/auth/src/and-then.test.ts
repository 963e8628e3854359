import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { andThen } from './and-then.ts';

test('what is here is gone on with at once, and what is not, later: also a promise of another realm', async () => {
  const double = (value: number): number => value * 2;
  expect(andThen(2, double)).toBe(4);
  expect(andThen(null, String)).toBe('null');
  expect(await andThen(Promise.resolve(2), double)).toBe(4);
  const foreign = runInNewContext('Promise.resolve(2)') as Promise<number>;
  expect(foreign).not.toBeInstanceOf(Promise);
  expect(await andThen(foreign, double)).toBe(4);
});
