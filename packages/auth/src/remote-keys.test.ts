import { afterEach, expect, test } from 'vitest';
import { answer, keyServer, publicJwk } from './attacks/key-server.ts';
import { isCanonicalCompactJws } from './bearer-token.ts';
import { localVerifier } from './local-verifier.ts';
import { remoteKeys, type KeysAge, type RemoteKeys, type RemoteKeysOptions } from './remote-keys.ts';
import { heldClock } from './testing.ts';

const opened: { close: () => void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function open(options: RemoteKeysOptions): RemoteKeys {
  const keys = remoteKeys(options);
  opened.push(keys);
  return keys;
}

async function issuer(...published: readonly unknown[]) {
  const server = await keyServer(answer({ keys: published }));
  opened.push(server);
  return server;
}

function tokenUnder(kid: string) {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'ES256', typ: 'at+jwt', kid })}.${part({})}.AAAA`;
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return text;
}

test('keys are loaded at start, and whoever asks meanwhile waits for them', async () => {
  const { state, url } = await issuer(await publicJwk('a'));
  const keys = open({ url });
  await keys.refresh();
  expect(keys.find('a')?.algorithm).toBe('ES256');
  expect(state.asked).toBe(1);
});

test('ten thousand tokens of unknown keys at once make one load', async () => {
  const clock = heldClock();
  const { state, url } = await issuer(await publicJwk('a'));
  const keys = open({ url, clock });
  await keys.refreshNow();
  clock.advance(30);
  const verifier = localVerifier({ issuer: 'i', audience: 'a', keys, clock });
  const tokens = Array.from({ length: 10_000 }, (_, index) => tokenUnder(`random-${index}`));
  const verifications = await Promise.all(tokens.map(async (token) => verifier.verify(token)));
  expect(new Set(verifications.map((verification) => JSON.stringify(verification)))).toEqual(
    new Set(['{"outcome":"refused","reason":"token_key_unknown"}']),
  );
  expect(state.asked).toBe(2);
});

test('over time unknown keys make one load in thirty seconds, also while loads fail', async () => {
  const clock = heldClock();
  const { state, url } = await issuer(await publicJwk('a'));
  const keys = open({ url, clock });
  await keys.refreshNow();
  const verifier = localVerifier({ issuer: 'i', audience: 'a', keys, clock });
  for (let second = 1; second <= 300; second += 1) {
    clock.advance(1);
    if (second === 150) state.respond = answer('', { status: 503 });
    await Promise.all(
      Array.from({ length: 5 }, async (_, index) => verifier.verify(tokenUnder(`random-${second}-${index}`))),
    );
  }
  expect(state.asked).toBe(1 + 300 / 30);
  expect(keys.find('a')).toBeDefined();
});

test('a token of a key that was loaded waits for no load', async () => {
  const clock = heldClock();
  const { state, url } = await issuer(await publicJwk('a'));
  const keys = open({ url, clock, loadWithinMs: 60_000 });
  await keys.refreshNow();
  state.respond = () => {}; // never answers
  clock.advance(31);
  const verifier = localVerifier({ issuer: 'i', audience: 'a', keys, clock });
  const waiting = Promise.resolve(verifier.verify(tokenUnder('unknown')));
  expect(await verifier.verify(tokenUnder('a'))).toEqual({ outcome: 'refused', reason: 'token_signature' });
  for (const one of opened.splice(0)) one.close();
  expect(await waiting).toEqual({ outcome: 'refused', reason: 'token_key_unknown' });
});

test('the epoch grows when a key is gone or is another, and not when one is added or nothing changed', async () => {
  const [a, b, other] = [await publicJwk('a'), await publicJwk('b'), await publicJwk('a')];
  const { state, url } = await issuer(a);
  const keys = open({ url });
  const epochs: number[] = [];
  for (const published of [[a], [a], [a, b], [b, a], [other, b], [b], [b], [a, b]]) {
    state.respond = answer({ keys: published });
    await keys.refreshNow();
    epochs.push(keys.epoch());
  }
  expect(epochs).toEqual([0, 0, 0, 0, 1, 2, 2, 2]);
  state.respond = answer({ keys: [] });
  await keys.refreshNow();
  expect(keys.epoch()).toBe(2);
});

test('keys that could not be renewed serve for a day, then count as unknown', async () => {
  const clock = heldClock();
  const { state, url } = await issuer(await publicJwk('a'));
  const keys = open({ url, clock });
  expect(keys.usable()).toBe(false);
  await keys.refreshNow();
  state.respond = answer('', { status: 503 });
  clock.advance(24 * 3600 - 1);
  await keys.refresh();
  expect(keys.usable()).toBe(true);
  clock.advance(1);
  expect(keys.usable()).toBe(false);
});

test('keys that could not be renewed for an hour raise an alarm once, and renewed ones end it once', async () => {
  const clock = heldClock();
  const { state, url } = await issuer(await publicJwk('a'));
  const told: (KeysAge & { stale: boolean })[] = [];
  const keys = open({ url, clock, onStaleness: (stale, age) => told.push({ stale, ...age }) });
  const well = state.respond;
  await keys.refreshNow();
  state.respond = answer('', { status: 503 });
  for (const minutes of [59, 1, 1, 60]) {
    clock.advance(minutes * 60);
    await keys.refreshNow();
  }
  const hour = 3_600_000;
  expect(told).toEqual([{ stale: true, ageMs: hour, usableForMs: 23 * hour }]);
  state.respond = well;
  await keys.refreshNow();
  await keys.refreshNow();
  expect(told.slice(1)).toEqual([{ stale: false, ageMs: 0, usableForMs: 24 * hour }]);
});

test('keys that were never loaded raise the alarm too', async () => {
  const clock = heldClock();
  const { state, url } = await issuer();
  state.respond = answer('', { status: 503 });
  const told: unknown[] = [];
  const keys = open({ url, clock, onStaleness: (stale, age) => told.push({ stale, ...age }) });
  await keys.refreshNow();
  clock.advance(3600);
  await keys.refreshNow();
  expect(told).toEqual([{ stale: true, ageMs: 3_600_000, usableForMs: 0 }]);
});

test('after closing nothing is asked, and nothing is told', async () => {
  const { state, url } = await issuer(await publicJwk('a'));
  state.respond = () => {};
  const failures: unknown[] = [];
  const keys = open({ url, onLoadFailed: (error) => failures.push(error) });
  const loading = keys.refreshNow();
  keys.close();
  await loading;
  const { asked } = state;
  await keys.refreshNow();
  expect(state.asked).toBe(asked);
  expect(failures).toEqual([]);
});
