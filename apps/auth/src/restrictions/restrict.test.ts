import { followRevocations, type FeedMessage } from '@sallyport/auth';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { lastPosition, readRevocations } from '../revocation/revocation-outbox.ts';
import { ownRevocations, streamRevocations } from '../revocation/revocation-stream.ts';
import { claimsOf } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { clampLifetimes, restrictTier } from './restrict.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterEach(async () => {
  await clampLifetimes(auth.authority, { accessTokenSeconds: null, sessionSeconds: null }, because);
  for (const tier of ['publicRead', 'standardWrite'] as const)
    await restrictTier(auth.authority, { tier, to: 'as-designed' }, because);
});
afterAll(() => auth.close());

const because = { because: 'a test' };
const signIn = () => auth.as().signIn.mutate(grace);
const refreshed = ({ refreshToken }: { refreshToken: string }) => auth.as().refresh.mutate({ refreshToken });

test('what is ordered for several tiers holds together, each order in the feed as one event of the next version', async () => {
  const { database } = auth.authority;
  const before = await lastPosition(database);
  const first = await restrictTier(auth.authority, { tier: 'standardWrite', to: 'closed' }, because);
  const second = await restrictTier(auth.authority, { tier: 'publicRead', to: 'fail-closed' }, because);
  const version = first.restrictions.version;
  expect(second).toEqual({
    restrictions: { version: version + 1, tiers: { standardWrite: 'closed', publicRead: 'fail-closed' } },
    position: before + 2,
  });
  const events = (await readRevocations(database, before, 10)).map(({ event }) => event);
  expect(events).toEqual([
    { position: before + 1, kind: 'restrictions', version, tiers: { standardWrite: 'closed' } },
    { position: before + 2, kind: 'restrictions', version: version + 1, tiers: second.restrictions.tiers },
  ]);
  // Again: nothing changes, and nobody is told.
  expect(await restrictTier(auth.authority, { tier: 'publicRead', to: 'fail-closed' }, because)).toEqual(second);
});

test('of orders at the same time none is lost', async () => {
  const tiers = ['publicRead', 'authenticatedRead', 'standardWrite', 'privilegedWrite', 'regulatedAction'] as const;
  await Promise.all(tiers.map((tier) => restrictTier(auth.authority, { tier, to: 'closed' }, because)));
  const last = await restrictTier(auth.authority, { tier: 'publicRead', to: 'as-designed' }, because);
  expect(Object.keys(last.restrictions.tiers).toSorted()).toEqual([...tiers].slice(1).toSorted());
  for (const tier of tiers) await restrictTier(auth.authority, { tier, to: 'as-designed' }, because);
});

test('a snapshot tells what is ordered, however long ago that was', async () => {
  await restrictTier(auth.authority, { tier: 'standardWrite', to: 'closed' }, because);
  await auth.operator.query(`UPDATE revocations SET recorded_at = recorded_at - interval '2 days'`);
  const stop = new AbortController();
  const stream = streamRevocations({ database: auth.authority.database, wake: auth.wake }, undefined, stop.signal);
  const first = await stream.next();
  stop.abort();
  await stream.return(undefined);
  const message: FeedMessage | undefined = first.done === true ? undefined : first.value.message;
  expect(message).toMatchObject({ type: 'snapshot', page: 0 });
  const told = message?.type === 'snapshot' ? message.inForce : [];
  expect(told.filter(({ kind }) => kind === 'restrictions')).toMatchObject([{ tiers: { standardWrite: 'closed' } }]);
});

test('tokens live no longer than is ordered, a service’s own too; and for their full life again when it is taken back', async () => {
  await clampLifetimes(auth.authority, { accessTokenSeconds: 60 }, because);
  const lives = (token: unknown) => Number(claimsOf(token)['exp']) - Number(claimsOf(token)['iat']);
  const service = async () => {
    const form = { grant_type: 'client_credentials', audience: 'auth' };
    return (await auth.postAs('catalog', '/oauth/token', form)).json;
  };
  const person = (await signIn()).accessTokens['catalog'];
  expect([lives(person?.token), person?.expiresInSeconds]).toEqual([60, 60]);
  const own = await service();
  expect([lives(own['access_token']), own['expires_in']]).toEqual([60, 60]);
  await clampLifetimes(auth.authority, { accessTokenSeconds: null }, because);
  expect(lives((await signIn()).accessTokens['catalog']?.token)).toBe(300);
  expect(lives((await service())['access_token'])).toBe(300);
});

test('sessions that are older than is ordered are over at once, at the authority and by a cut-off in the feed; younger ones when their time comes', async () => {
  const old = await signIn();
  auth.advance(120);
  const young = await signIn();
  const before = await lastPosition(auth.authority.database);
  await clampLifetimes(auth.authority, { sessionSeconds: 100 }, because);
  const told = (await readRevocations(auth.authority.database, before, 10)).map(({ event }) => event);
  const serial = (set: { session: { id: string } }) => Number.parseInt(set.session.id.split('.')[0] ?? '', 36);
  expect(told).toMatchObject([{ kind: 'restrictions' }, { kind: 'everyone', upToSerial: serial(old) }]);
  await expect(refreshed(old)).rejects.toThrow('not accepted');
  const next = await refreshed(young);
  auth.advance(101);
  await expect(refreshed(next)).rejects.toThrow('not accepted');
});

test('another process of the authority hears of it over the feed', async () => {
  const { database } = auth.authority;
  const other = followRevocations(ownRevocations({ database, wake: auth.wake }));
  const { restrictions } = await clampLifetimes(auth.authority, { accessTokenSeconds: 90 }, because);
  await expect
    .poll(() => other.restrictions())
    .toMatchObject({ version: restrictions.version, accessTokenSeconds: 90 });
  other.close();
});

test('who ordered what, and why, stands in the audit log', async () => {
  await restrictTier(
    auth.authority,
    { tier: 'publicRead', to: 'closed' },
    { because: 'fire', actor: 'subject:u_grace' },
  );
  await clampLifetimes(auth.authority, { accessTokenSeconds: 30 }, because);
  const { rows } = await auth.operator.query<{ entry: string }>(
    'SELECT entry FROM audit_log ORDER BY position DESC LIMIT 2',
  );
  expect(rows.map(({ entry }) => JSON.parse(entry))).toMatchObject([
    { action: 'lifetimes.clamped', detail: { accessTokenSeconds: 30 } },
    { action: 'tier.closed', actor: 'subject:u_grace', because: 'fire', detail: { tier: 'publicRead' } },
  ]);
});
