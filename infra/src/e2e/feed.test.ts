import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { bearing, openDevice, type Device } from '../device.ts';
import { freePorts } from '../free-ports.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import { openAuthorityProxy, type AuthorityProxy } from '../testing/authority-proxy.ts';
import { newPerson, type Person } from '../testing/person.ts';
import { refusal } from '../testing/refused.ts';
import { startTestSystem } from '../testing/system.ts';

let proxy: AuthorityProxy;
let system: TemporarySystem;
let person: Person;

beforeAll(async () => {
  const [auth = 0, catalog = 0, payments = 0] = await freePorts(3);
  proxy = await openAuthorityProxy(auth);
  // The services reach the authority through the proxy, which is its public address; people here go to it directly.
  const behindProxy = { ISSUER: proxy.url };
  // Confirmation would find some of the ended sessions out before the feed does.
  const unconfirmed = { ...behindProxy, CONFIRM_SHARE: '0' };
  system = await startTestSystem({
    ports: { auth, catalog, payments },
    extraSettings: { auth: behindProxy, catalog: unconfirmed, payments: unconfirmed },
  });
  person = await newPerson(system.urls);
});
afterEach(async () => {
  proxy.freezeFeed(false);
  proxy.delay(0);
  await untilFeedIsWell();
});
afterAll(async () => {
  await system.close();
  proxy.close();
});

async function feedSilenceMs(): Promise<number> {
  const answer: unknown = await (await fetch(`${system.urls.catalog}/readyz`)).json();
  return Number(Object(Object(answer).readings).feedSilenceMs ?? Infinity);
}

async function untilFeedIsWell(): Promise<void> {
  const untilMs = performance.now() + 15_000;
  while ((await feedSilenceMs()) > 1500) if (performance.now() > untilMs) throw new Error('The feed does not recover.');
}

/** Another session of the same person, with access tokens only: nothing refreshes them behind the test's back. */
async function openSession() {
  const device = openDevice(system.urls);
  await device.client.signIn(person.credentials);
  const tokens = await device.tokens();
  const headers = bearing(tokens, 'catalog');
  const call = (more: Readonly<Record<string, string>> = {}) => device.raw('catalog', { ...headers, ...more }).products;
  return {
    device,
    session: tokens.session.id,
    read: (more?: Readonly<Record<string, string>>) => refusal(call(more).mine.query({})),
    write: () => refusal(call().create.mutate(someProduct)),
    end: () => person.device.client.auth.sessions.end.mutate({ session: tokens.session.id }),
  };
}

type Session = Awaited<ReturnType<typeof openSession>>;

const someProduct = {
  name: 'Kettle',
  description: 'It boils.',
  category: 'kitchen',
  amount: '1999',
  currency: 'EUR' as const,
};
const refused = { status: 401, reason: 'invalid_token' };
const unavailable = { status: 503, reason: 'temporarily_unavailable' };

/** Reads, and answers what catalog admitted it on. */
async function evidenceOf({ read, device }: Session): Promise<string | undefined> {
  expect(await read()).toMatchObject({ answered: {} });
  return evidenceIn(device);
}

async function evidenceIn(device: Device): Promise<string | undefined> {
  const [decision] = await system.log.decisions(device.lastAnswer().traceId, 'catalog');
  return decision?.evidence;
}

test('the feed stands still, and nothing is revoked: questions are answered, so catalog knows that it misses nothing', async () => {
  const session = await openSession();
  proxy.freezeFeed(true);
  const untilMs = performance.now() + 6000;
  while (performance.now() < untilMs) expect(await evidenceOf(session)).toBe('local');
});

test('the feed stands still while questions are answered, and a session ends: catalog demotes itself by the matrix', async () => {
  const [ended, other] = [await openSession(), await openSession()];
  proxy.freezeFeed(true);
  await ended.end();
  const endedAtMs = performance.now();
  // Reads are served on what it knows, and say so from the bound on.
  await expect.poll(() => evidenceOf(other), { timeout: 6000, interval: 100 }).toBe('degraded');
  expect(performance.now() - endedAtMs).toBeLessThan(5000);
  // Writes are asked about after 10 s of silence, and the authority answers.
  await expect.poll(() => ended.write(), { timeout: 16_000, interval: 200 }).toEqual(refused);
  expect(performance.now() - endedAtMs).toBeLessThan(15_000);
  expect(await other.write()).toMatchObject({ answered: {} });
  expect(await evidenceIn(other.device)).toBe('fresh');
  expect(await feedSilenceMs()).toBeGreaterThan(9000);
  proxy.freezeFeed(false);
  await expect.poll(() => evidenceOf(other), { timeout: 10_000 }).toBe('local');
  expect(await ended.read()).toEqual(refused);
});

test('everything is late by the same time, both ways: no question is answered in time, and catalog demotes itself', async () => {
  const session = await openSession();
  expect(await evidenceOf(session)).toBe('local');
  proxy.delay(1500);
  const lateFromMs = performance.now();
  await expect.poll(() => evidenceOf(session), { timeout: 7000, interval: 100 }).toBe('degraded');
  expect(performance.now() - lateFromMs).toBeLessThan(5500);
  await expect.poll(() => session.write(), { timeout: 16_000, interval: 200 }).toEqual(unavailable);
  expect(await session.read()).toMatchObject({ answered: {} });
});

test('a caller with the consistency token of a revocation is refused at once, however the feed stands', async () => {
  for (let round = 0; round < 3; round += 1) {
    const [ended, other] = [await openSession(), await openSession()];
    proxy.freezeFeed(true);
    const { consistencyToken } = await ended.end();
    expect(await ended.read({ 'consistency-token': consistencyToken })).toEqual(refused);
    expect(await other.read({ 'consistency-token': consistencyToken })).toMatchObject({ answered: {} });
    expect(await evidenceIn(other.device)).toBe('fresh');
    expect(await evidenceOf(other)).toMatch(/local|degraded/);
    proxy.freezeFeed(false);
    await expect.poll(() => ended.read(), { timeout: 5000, interval: 20 }).toEqual(refused);
  }
});

test('without the token, a session that another device ended may be served from the state before, within the bound', async () => {
  const ended = await openSession();
  proxy.freezeFeed(true);
  await ended.end();
  expect(await ended.read()).toMatchObject({ answered: {} });
});

test('the authority is killed while sessions end, and comes back: what it said had ended has, and nothing else', async () => {
  const sessions = await Promise.all(Array.from({ length: 12 }, () => openSession()));
  const staying = await openSession();
  const acknowledged = new Set<Session>();
  const enough = Promise.withResolvers<void>();
  const ending = sessions.map(async (session, index) => {
    // One after the other, so that the kill finds some done, some under way and some not begun.
    await new Promise((resolve) => setTimeout(resolve, index * 15));
    await session.end();
    acknowledged.add(session);
    if (acknowledged.size === 5) enough.resolve();
  });
  await Promise.race([enough.promise, Promise.allSettled(ending)]);
  await system.kill('auth');
  await Promise.allSettled(ending);
  await system.start('auth');
  expect(acknowledged.size).toBeGreaterThanOrEqual(5);
  for (const session of acknowledged)
    await expect.poll(() => session.read(), { timeout: 5000, interval: 50 }).toEqual(refused);
  await expect.poll(() => evidenceOf(staying), { timeout: 10_000 }).toBe('local');
  // Who was not told is told when asking again, and then it holds.
  const untold = sessions.filter((session) => !acknowledged.has(session));
  for (const session of untold) await session.end();
  for (const session of untold)
    await expect.poll(() => session.read(), { timeout: 5000, interval: 50 }).toEqual(refused);
  expect(await staying.read()).toMatchObject({ answered: {} });
});
