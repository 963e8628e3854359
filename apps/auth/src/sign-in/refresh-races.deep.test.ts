import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenedAuthority } from '../open-authority.ts';
import { sessions } from '../schema.ts';
import { raceRefreshes } from '../testing/refresh-race.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { openSecondInstance } from '../testing/second-instance.ts';
import { adaByPassword } from '../testing/sign-ins.ts';
import { startSession } from './sessions.ts';
import { endFamily, refreshSession } from './token-family.ts';

const races = 10_000;
/** Twenty races a second on two idle cores, four on busy ones; 160,000 transactions in all. */
const withinMs = 90 * 60_000;
/** More would wait for connections so long that it is an outage, which is not what is raced here. */
const atOnce = { refreshes: 1, revokes: 2 };

let auth: RunningAuthority;
let other: OpenedAuthority;
beforeAll(async () => {
  auth = await runAuthority();
  other = await openSecondInstance(auth);
});
afterAll(async () => {
  await other.close();
  await auth.close();
});

async function inParallel(lanes: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < races) {
      next += 1;
      await run(next);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

test(
  '10,000 races of 16 refreshes at two instances: never two tips, never a family that dies of it (RRT-01)',
  async () => {
    const seen = new Map<string, number>();
    await inParallel(atOnce.refreshes, async () => {
      const result = JSON.stringify(await raceRefreshes([auth.authority, other.authority], 16));
      seen.set(result, (seen.get(result) ?? 0) + 1);
    });
    const fair = JSON.stringify({ successors: 1, served: 4, generation: 1, ended: false, isTip: true });
    expect([...seen]).toEqual([[fair, races]]);
  },
  withinMs,
);

test(
  '10,000 revokes against refreshes at two instances: once a revoke has returned, nothing of the family is active (REV-07, RRT-04)',
  async () => {
    await inParallel(atOnce.revokes, async (index) => {
      const { session, refreshToken } = await startSession(auth.authority, adaByPassword);
      const first = refreshToken.text;
      const question = { tokenId: 'any', session: session.sid, subject: session.subject, client: 'web' };
      const refreshing = [auth.authority, other.authority].map(async (instance) => {
        let tip: string | undefined = first;
        while (tip !== undefined) tip = (await refreshSession(instance, { refreshToken: tip }))?.refreshToken.text;
      });
      // Before, between and after the rotations.
      for (let turn = 0; turn < index % 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const revoker = index % 2 === 0 ? auth.authority : other.authority;
      await endFamily(revoker, { refreshToken: first }, { because: 'race' });
      expect(await other.authority.introspect([question])).toMatchObject([{ active: false }]);
      await Promise.all(refreshing);
      expect(await auth.authority.introspect([question])).toMatchObject([{ active: false }]);
      const [row] = await auth.authority.database.select().from(sessions).where(eq(sessions.serial, session.serial));
      expect(row?.endedAt).not.toBeNull();
    });
  },
  withinMs,
);
