import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { outcomeOf, runCatalog, type RunningCatalog } from './testing/running-catalog.ts';

let catalog: RunningCatalog;

beforeAll(async () => {
  catalog = await runCatalog({ confirmShare: 1 });
});
afterAll(() => catalog.close());

const line = z.looseObject({ level: z.string(), msg: z.string() });
const said = (message: string) =>
  catalog.lines.map((text) => line.parse(JSON.parse(text))).filter(({ msg }) => msg === message);

test('a revocation that the feed lost is found by confirmation, and the service demotes itself until a new snapshot', async () => {
  const ada = await catalog.as('u_ada', { session: '1.lost' });
  const grace = await catalog.as('u_grace', { session: '2.well' });
  expect(await outcomeOf(grace.products.mine.query())).toBe('done');

  // The authority ends the session and the feed never says so: only asking can tell.
  catalog.authority.revokeUntold({ kind: 'session', session: '1.lost' });
  expect(await outcomeOf(ada.products.mine.query())).toBe('done');
  await expect.poll(() => outcomeOf(ada.products.mine.query())).toBe('401 invalid_token');

  const found = { finding: 'beyond bound', tier: 'authenticatedRead', subject: 'u_ada', session: '1.lost' };
  const told = () => said('stale allow');
  await expect.poll(told, { timeout: 10_000 }).not.toEqual([]);
  // A line for each read that was let in until the authority was asked.
  for (const each of told()) expect(each).toMatchObject({ level: 'error', ...found });
  const reason = expect.stringContaining('without a revocation that the authority knows');
  expect(said('revocation feed').at(1)).toMatchObject({ level: 'warn', alive: false, err: { message: reason } });

  // The snapshot proves the feed complete again; whom the authority vouches for was never kept out for longer than that.
  await expect.poll(() => outcomeOf(grace.products.mine.query()), { timeout: 10_000 }).toBe('done');
  expect(await outcomeOf(ada.products.mine.query())).toBe('401 invalid_token');
});

test('a demotion is said once, with its bound', async () => {
  catalog.authority.holdFeed(true);
  const demoted = () => said('demotion').filter(({ tier }) => tier === 'authenticatedRead');
  await expect.poll(demoted, { timeout: 10_000 }).toMatchObject([{ from: 'local', to: 'degraded', boundSeconds: 60 }]);
});
