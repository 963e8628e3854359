import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { readSnapshot } from '../revocation/revocation-snapshot.ts';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf } from '../testing/expected.ts';
import { ada, adaSeed, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());
beforeEach(() => void auth.advance(61));

async function stepUpAda() {
  const before = await auth.as().signIn.mutate(ada);
  const { refreshToken } = before;
  const after = await auth.as().stepUp.mutate({ refreshToken, code: auth.codeOf(adaSeed) });
  return { before, after };
}

type TokenSet = Awaited<ReturnType<typeof stepUpAda>>['before'];

function questionOf({ session, accessTokens }: TokenSet) {
  const tokenId = String(claimsOf(accessTokens['catalog']?.token)['jti']);
  return { tokenId, session: session.id, subject: session.subject, client: 'web' };
}

test('a step-up gives the session another id, and no token of the one before is good anywhere (SUP-06, FIX-01)', async () => {
  const { before, after } = await stepUpAda();
  expect(after.session.id).not.toBe(before.session.id);
  // The serial stays: what ends "all sessions up to N" still ends this one.
  expect(after.session.id.split('.')[0]).toBe(before.session.id.split('.')[0]);

  expect(await auth.authority.introspect([questionOf(before)])).toEqual([{ active: false }]);
  expect(await auth.authority.introspect([questionOf(after)])).toMatchObject([{ active: true, acr: 'aal2' }]);
  const stale = auth.as(before.accessTokens['auth']?.token);
  expect(await refusalOf(stale.sessions.endOthers.mutate())).toMatchObject({ status: 401, reason: 'invalid_token' });
  await vi.waitFor(async () => expect(await refusalOf(stale.sessions.list.query())).toMatchObject({ status: 401 }), {
    timeout: 2000,
    interval: 10,
  });
  expect(await refusalOf(auth.as().refresh.mutate({ refreshToken: before.refreshToken }))).toMatchObject({
    status: 401,
  });
});

test('a service that was not there hears of the id before in its snapshot, and not of the one after (SUP-06)', async () => {
  const { before, after } = await stepUpAda();
  const told: unknown[] = [];
  for await (const { page } of readSnapshot(auth.authority.database)) told.push(...page.inForce);
  expect(told).toContainEqual({ kind: 'session', session: before.session.id });
  expect(told).not.toContainEqual({ kind: 'session', session: after.session.id });
});

test('a session that was stepped up ends as every other does', async () => {
  const { after } = await stepUpAda();
  const { refreshToken } = await auth.as().signIn.mutate(ada);
  auth.advance(30);
  const other = await auth.as().stepUp.mutate({ refreshToken, code: auth.codeOf(adaSeed) });
  await auth.as(other.accessTokens['auth']?.token).sessions.endOthers.mutate();
  expect(await auth.authority.introspect([questionOf(after)])).toEqual([{ active: false }]);
  expect(await auth.authority.introspect([questionOf(other)])).toMatchObject([{ active: true }]);
});
