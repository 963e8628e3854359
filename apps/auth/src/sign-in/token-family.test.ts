import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { auditLog } from '../audit/audit-tables.ts';
import { revocations, sessions } from '../schema.ts';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf } from '../testing/expected.ts';
import { ada, adaSubject, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { adaByPassword } from '../testing/sign-ins.ts';
import { startSession } from './sessions.ts';
import { endFamily, refreshSession } from './token-family.ts';
import type { TokenSet } from './token-set.ts';

let auth: RunningAuthority;
let signedIn: TokenSet;

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());
beforeEach(async () => {
  signedIn = await auth.as().signIn.mutate(grace);
});

async function sessionRow(sid: string) {
  const row = await auth.authority.database.query.sessions.findFirst({ where: eq(sessions.sid, sid) });
  if (row === undefined) throw new Error(`There is no session ${sid}.`);
  return row;
}

async function eventsOf(sid: string): Promise<number> {
  return auth.authority.database.$count(revocations, and(eq(revocations.kind, 'session'), eq(revocations.name, sid)));
}

function isActive(tokens: TokenSet, audience = 'catalog'): Promise<boolean> {
  const tokenId = String(claimsOf(tokens.accessTokens[audience]?.token)['jti']);
  const question = { tokenId, session: tokens.session.id, subject: tokens.session.subject, client: 'web' };
  return auth.authority.introspect([question]).then(([answer]) => answer?.active === true);
}

test('refreshing gives new tokens of the same session, and the sign-in time stays (OSB-07)', async () => {
  auth.advance(5);
  const refreshed = await auth.as().refresh.mutate({ refreshToken: signedIn.refreshToken });
  expect(refreshed.refreshToken).not.toBe(signedIn.refreshToken);
  expect(refreshed.session).toEqual(signedIn.session);
  expect(await isActive(signedIn)).toBe(true);
  expect(await isActive(refreshed)).toBe(true);
});

test('a refresh token that is used again ends its family, and the audit log tells it (OSB-09)', async () => {
  const refreshed = await auth.as().refresh.mutate({ refreshToken: signedIn.refreshToken });
  const elsewhere = await auth.as().signIn.mutate(grace);
  auth.advance(11);
  const replay = await refusalOf(auth.as().refresh.mutate({ refreshToken: signedIn.refreshToken }));
  expect(replay).toMatchObject({ status: 401, reason: 'invalid_token' });
  expect(await isActive(signedIn)).toBe(false);
  expect(await isActive(refreshed)).toBe(false);
  expect(await isActive(elsewhere)).toBe(true);
  const told = await auth.authority.database.select().from(auditLog).where(eq(auditLog.session, signedIn.session.id));
  expect(told.map(({ action }) => action)).toEqual(['session.started', 'session.ended', 'refresh-token.reused']);
  expect(await eventsOf(signedIn.session.id)).toBe(1);
  expect(await refusalOf(auth.as().refresh.mutate({ refreshToken: refreshed.refreshToken }))).toEqual(replay);
});

test('an unknown refresh token is refused in the same words, and changes nothing', async () => {
  const unknown = await refusalOf(auth.as().refresh.mutate({ refreshToken: 'A'.repeat(43) }));
  expect(unknown).toEqual({ status: 401, reason: 'invalid_token', message: 'The token is not accepted here.' });
  expect(await isActive(signedIn)).toBe(true);
});

test('after five rotations within one second each older token ends the family; the newest spent one gives the tip again (RRT-03)', async () => {
  for (let oldest = 0; oldest < 5; oldest += 1) {
    const { session, refreshToken } = await auth.as().signIn.mutate(grace);
    const chain = [refreshToken];
    for (let rotation = 0; rotation < 5; rotation += 1) {
      const next = await refreshSession(auth.authority, { refreshToken: chain.at(-1) ?? '' });
      chain.push(next?.refreshToken.text ?? '');
    }
    expect((await sessionRow(session.id)).generation).toBe(5);
    const again = await refreshSession(auth.authority, { refreshToken: chain[oldest] ?? '' });
    expect(again?.refreshToken.text).toBe(oldest === 4 ? chain[5] : undefined);
    const because = oldest === 4 ? null : 'refresh token used again';
    expect(await sessionRow(session.id)).toMatchObject({ generation: 5, endedBecause: because });
  }
});

test('once a revoke has returned, no token of the family is active, whatever refreshes race it (RRT-04, REV-07)', async () => {
  for (let race = 0; race < 200; race += 1) {
    const started = await startSession(auth.authority, adaByPassword);
    const { sid, subject } = started.session;
    const refreshToken = started.refreshToken.text;
    let tip = refreshToken;
    const refreshing = (async () => {
      for (let round = 0; round < 3; round += 1) {
        const rotated = await refreshSession(auth.authority, { refreshToken: tip });
        if (rotated === undefined) return;
        tip = rotated.refreshToken.text;
      }
    })();
    // Lands before, between and after the rotations, as the race wants it.
    if (race % 4 !== 0) await new Promise((resolve) => setTimeout(resolve, race % 4));
    await endFamily(auth.authority, { refreshToken }, { because: 'race' });
    const question = { tokenId: 'any', session: sid, subject, client: 'web' };
    expect(await auth.authority.introspect([question])).toEqual([{ active: false }]);
    const [, after] = await Promise.all([refreshing, refreshSession(auth.authority, { refreshToken: tip })]);
    expect(after).toBeUndefined();
    expect(await auth.authority.introspect([question])).toEqual([{ active: false }]);
    expect(await eventsOf(sid)).toBe(1);
  }
}, 60_000);

test('a session that was not used for an hour, or is a day old, cannot be refreshed (OSB-10, NST-06)', async () => {
  const unused = await auth.as().signIn.mutate(grace);
  auth.advance(60 * 60 - 5);
  const used = await auth.as().refresh.mutate({ refreshToken: signedIn.refreshToken });
  auth.advance(10);
  expect(await refreshSession(auth.authority, { refreshToken: unused.refreshToken })).toBeUndefined();
  let tip = used.refreshToken;
  for (let hours = 1; hours < 23.5; hours += 0.5) {
    auth.advance(30 * 60);
    tip = (await refreshSession(auth.authority, { refreshToken: tip }))?.refreshToken.text ?? 'refused too early';
  }
  auth.advance(31 * 60);
  expect(await refreshSession(auth.authority, { refreshToken: tip })).toBeUndefined();
  expect(await eventsOf(used.session.id)).toBe(0);
});

test('an account that was disabled refreshes nothing, and none of its tokens is active', async () => {
  await auth.operator.query('UPDATE accounts SET enabled = false WHERE subject = $1', [signedIn.session.subject]);
  expect(await refreshSession(auth.authority, signedIn)).toBeUndefined();
  expect(await isActive(signedIn)).toBe(false);
  await auth.operator.query('UPDATE accounts SET enabled = true');
});

test('the database holds no refresh token, and no password', async () => {
  const { rows } = await auth.operator.query(
    `SELECT s::text AS row FROM sessions s UNION ALL SELECT a::text FROM accounts a`,
  );
  const stored = rows.map((row: { row: string }) => row.row).join('\n');
  expect(stored).toContain(adaSubject);
  expect(stored).not.toContain(signedIn.refreshToken);
  expect(stored).not.toContain(ada.password);
});
