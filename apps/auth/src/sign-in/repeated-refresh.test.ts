import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetExpired } from '../forget-expired.ts';
import { hashSecret } from '../identifiers.ts';
import type { OpenedAuthority } from '../open-authority.ts';
import { sessions, spentRefreshTokens } from '../schema.ts';
import { raceRefreshes } from '../testing/refresh-race.ts';
import { adaSeed, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { openSecondInstance } from '../testing/second-instance.ts';
import { adaByPassword } from '../testing/sign-ins.ts';
import type { PresentedToken } from './presented-token.ts';
import { startSession } from './sessions.ts';
import { refreshSession } from './token-family.ts';

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

type Family = Readonly<{ serial: number; first: string; second: string }>;

/** A family whose first token has been changed into the second. */
async function newFamily(keyThumbprint?: string): Promise<Family> {
  const started = await startSession(auth.authority, { ...adaByPassword, keyThumbprint });
  const first = started.refreshToken.text;
  return { serial: started.session.serial, first, second: await textOf({ refreshToken: first, keyThumbprint }) };
}

async function textOf(presented: PresentedToken): Promise<string> {
  return (await refreshSession(auth.authority, presented))?.refreshToken.text ?? 'refused';
}

async function hasEnded({ serial }: Family): Promise<boolean> {
  const [row] = await auth.authority.database.select().from(sessions).where(eq(sessions.serial, serial));
  return row?.endedAt !== null;
}

test('16 parallel refreshes of one token at two instances: one new tip, four who have it, and the family lives (RRT-01, OSB-07)', async () => {
  const instances = [auth.authority, other.authority];
  const races = await Promise.all(Array.from({ length: 5 }, () => raceRefreshes(instances, 16)));
  const fair = { successors: 1, served: 4, generation: 1, ended: false, isTip: true };
  expect(races).toEqual(races.map(() => fair));
});

test('a refresh that comes again gets the same successor, also at another instance; nothing is changed twice (RRT-01)', async () => {
  const { first, second } = await newFamily();
  auth.advance(5);
  const again = await refreshSession(other.authority, { refreshToken: first });
  expect(again).toMatchObject({ refreshToken: { text: second }, session: { generation: 1, endedAt: null } });
  // And it is good.
  expect(await textOf({ refreshToken: second })).not.toBe('refused');
});

/** Whoever presents the first token again: what they get, and whether the family survives it. */
const cases: Readonly<
  Record<string, Readonly<{ before: (family: Family) => unknown; gets: 'second' | 'refused'; ends: boolean }>>
> = {
  'within ten seconds': { before: () => auth.advance(9), gets: 'second', ends: false },
  'after ten seconds': { before: () => auth.advance(10), gets: 'refused', ends: true },
  'after the successor was used': {
    before: ({ second }) => textOf({ refreshToken: second }),
    gets: 'refused',
    ends: true,
  },
  'a third time': { before: ({ first }) => presentTimes(first, 2), gets: 'second', ends: false },
  'a fourth time': { before: ({ first }) => presentTimes(first, 3), gets: 'refused', ends: false },
  'a fourth time, and later than ten seconds': {
    before: async ({ first }) => {
      await presentTimes(first, 3);
      auth.advance(11);
    },
    gets: 'refused',
    ends: true,
  },
};

async function presentTimes(refreshToken: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await textOf({ refreshToken });
}

test.each(Object.entries(cases))('a spent refresh token %s (RRT-05)', async (_when, { before, gets, ends }) => {
  const family = await newFamily();
  await before(family);
  const got = await textOf({ refreshToken: family.first });
  expect(got).toBe(gets === 'second' ? family.second : 'refused');
  expect(await hasEnded(family)).toBe(ends);
});

test('the successor is given again to the same client and key only; to others it is a stolen token (RRT-05)', async () => {
  const another = await newFamily();
  expect(await textOf({ refreshToken: another.first, clientId: 'catalog' })).toBe('refused');
  expect(await hasEnded(another)).toBe(true);
  const bound = await newFamily('a key');
  expect(await textOf({ refreshToken: bound.first, keyThumbprint: 'a key' })).toBe(bound.second);
  expect(await textOf({ refreshToken: bound.second })).toBe('refused');
  expect(await textOf({ refreshToken: bound.second, keyThumbprint: 'another key' })).toBe('refused');
  expect(await hasEnded(bound)).toBe(false);
  expect(await textOf({ refreshToken: bound.first, keyThumbprint: 'another key' })).toBe('refused');
  expect(await hasEnded(bound)).toBe(true);
});

test('what a step-up gave out is not given again to whoever has the token from before it (SUP-06)', async () => {
  const { session, refreshToken } = await startSession(auth.authority, adaByPassword);
  await auth.as().stepUp.mutate({ refreshToken: refreshToken.text, code: auth.codeOf(adaSeed) });
  expect(await textOf({ refreshToken: refreshToken.text })).toBe('refused');
  expect(await hasEnded({ serial: session.serial, first: '', second: '' })).toBe(false);
});

test('a session that ended or whose account is disabled gives no successor again (RRT-04, RRT-06)', async () => {
  const { first, serial } = await newFamily();
  await auth.operator.query('UPDATE accounts SET enabled = false WHERE subject = $1', [adaByPassword.subject]);
  expect(await textOf({ refreshToken: first })).toBe('refused');
  await auth.operator.query('UPDATE accounts SET enabled = true');
  await auth.operator.query('UPDATE sessions SET ended_at = now() WHERE serial = $1', [serial]);
  expect(await textOf({ refreshToken: first })).toBe('refused');
});

test('a successor is stored sealed, and erased when it can no longer be asked for', async () => {
  const { first, second } = await newFamily();
  const hash = hashSecret(first);
  const stored = async () => {
    const [row] = await auth.authority.database
      .select()
      .from(spentRefreshTokens)
      .where(eq(spentRefreshTokens.hash, hash));
    return row?.sealedSuccessor;
  };
  expect(Buffer.from((await stored()) ?? '', 'base64url').includes(second)).toBe(false);
  await forgetExpired(auth.authority);
  expect(await stored()).toMatch(/./);
  auth.advance(11);
  await forgetExpired(auth.authority);
  expect(await stored()).toBeNull();
});
