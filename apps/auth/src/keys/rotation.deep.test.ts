import { afterAll, beforeAll, expect, test } from 'vitest';
import { rotateUnderLoad } from '../testing/rotation-load.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

test('through a hundred rotations under load, by themselves, no good token is refused anywhere (JWK-05)', async () => {
  const { rotations, refusals } = await rotateUnderLoad(auth, 100);
  expect(refusals).toEqual([]);
  expect(rotations).toBe(100);
});
