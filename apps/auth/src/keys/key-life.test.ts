import fc from 'fast-check';
import { expect, test } from 'vitest';
import { after } from '../moments.ts';
import {
  keyLife,
  keyLifetimes,
  houseKeyLifetimes,
  planKeys,
  stateOf,
  type KeyCommand,
  type KeyState,
  type KnownKey,
} from './key-life.ts';

const at = (seconds: number) => new Date(seconds * 1000);

test('a key is announced, signs, verifies and retires by the clock alone', () => {
  const first = { publishedAt: at(0), signsFrom: at(0), retiresAt: at(1000) };
  const second = { publishedAt: at(100), signsFrom: at(200), retiresAt: null };
  const states = [150, 200, 999, 1000].map((now) =>
    [first, second].map((key) => stateOf(key, [first, second], at(now))),
  );
  expect(states).toEqual([
    ['signing', 'announced'],
    ['verifying', 'signing'],
    ['verifying', 'signing'],
    ['retired', 'signing'],
  ]);
});

test('the overlap outlasts the key set cache before, and the cache and the longest token after (JWK-05)', () => {
  expect(houseKeyLifetimes.announcedSeconds).toBeGreaterThan(60);
  expect(houseKeyLifetimes.verifyingSeconds).toBeGreaterThan(60 + 300);
});

test('an authority that was away for days announces the next key when it is back, and goes on signing until then', () => {
  const life = houseKeyLifetimes;
  const now = at(10 * life.signingSeconds);
  const old: KnownKey = { kid: 'old', publishedAt: at(0), signsFrom: at(0), retiresAt: null };
  const { changes, adds } = planKeys([old], { kind: 'tend' }, { now, life });
  expect(adds?.signsFrom).toEqual(after(now, life.announcedSeconds));
  const keys = [...changes, { kid: 'new', ...(adds ?? old) }];
  expect(keys.map((key) => stateOf(key, keys, now))).toEqual(['signing', 'announced']);
  expect(planKeys(keys, { kind: 'tend' }, { now, life })).toEqual({ changes: [], adds: undefined });
});

const parts = fc.record({
  keySetMaxAgeSeconds: fc.integer({ min: 1, max: 600 }),
  tokenSeconds: fc.integer({ min: 1, max: 600 }),
  rereadSeconds: fc.integer({ min: 1, max: 30 }),
  signingSeconds: fc.integer({ min: 1, max: 2000 }),
});
const step = fc.record({
  waitSeconds: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3000 })),
  command: fc.oneof(fc.constant('tend'), fc.constant('tend'), fc.constantFrom('rotate', 'rotate now'), fc.nat(100)),
});

/** What was asked for, of the keys that are there. A number denies one of them. */
function commandOf(command: string | number, keys: readonly KnownKey[]): KeyCommand {
  if (command === 'tend') return { kind: 'tend' };
  if (typeof command === 'string') return { kind: 'rotate', immediately: command === 'rotate now' };
  return { kind: 'deny', keyId: keys[command % keys.length]?.kid ?? '' };
}

test('whatever is asked, and whenever: one key signs, none goes back, and none ends while a token of it is alive (JWK-05)', () => {
  fc.assert(
    fc.property(parts, fc.array(step, { maxLength: 25 }), (given, steps) => {
      const life = keyLifetimes(given);
      const watch = watchKeys(given.tokenSeconds);
      let nowSeconds = 1;
      let keys: readonly KnownKey[] = [];
      for (const { waitSeconds, command } of [{ waitSeconds: 0, command: 'tend' }, ...steps]) {
        const untilSeconds = nowSeconds + waitSeconds;
        const between = momentsOf(keys).filter((second) => second > nowSeconds && second <= untilSeconds);
        for (const second of between) watch.look(keys, second);
        nowSeconds = untilSeconds;

        const asked = commandOf(command, keys);
        const { changes, adds } = planKeys(keys, asked, { now: at(nowSeconds), life });
        const changed = new Map(changes.map((key) => [key.kid, key]));
        keys = keys.map((key) => changed.get(key.kid) ?? key);
        if (adds !== undefined) keys = [...keys, { kid: `k${keys.length}`, ...adds }];
        if (asked.kind === 'deny') watch.deny(asked.keyId);
        watch.look(keys, nowSeconds);
      }
      expect(watch.problems).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

/** What somebody sees who looks at the keys whenever something changes. */
function watchKeys(tokenSeconds: number) {
  const problems: string[] = [];
  const states = new Map<string, KeyState>();
  const signedAt = new Map<string, number>();
  const denied = new Set<string>();

  function follow(kid: string, state: KeyState, nowSeconds: number): void {
    const before = states.get(kid);
    states.set(kid, state);
    if (before !== undefined && before !== state && !reachable(before).has(state))
      problems.push(`${kid} went from ${before} to ${state}`);
    if (state === 'signing') signedAt.set(kid, nowSeconds);
    if (denied.has(kid) && state !== 'retired') problems.push(`${kid} is denied, and ${state}`);
    const aliveUntil = (signedAt.get(kid) ?? -Infinity) + tokenSeconds;
    if (state === 'retired' && !denied.has(kid) && nowSeconds < aliveUntil) problems.push(`${kid} ended too soon`);
  }

  return {
    problems,
    deny: (kid: string) => denied.add(kid),
    look: (keys: readonly KnownKey[], nowSeconds: number) => {
      const seen = keys.map((key) => ({ kid: key.kid, state: stateOf(key, keys, at(nowSeconds)) }));
      const signing = seen.filter(({ state }) => state === 'signing').length;
      if (signing !== 1) problems.push(`${signing} keys sign at ${nowSeconds}`);
      for (const { kid, state } of seen) follow(kid, state, nowSeconds);
    },
  };
}

function reachable(from: string): ReadonlySet<string> {
  const next = Object.entries(keyLife).flatMap(([name, follows]) => (name === from ? [...follows] : []));
  return new Set(next.flatMap((state) => [state, ...reachable(state)]));
}

/** When something changes by itself, and the second before. */
function momentsOf(keys: readonly KnownKey[]): readonly number[] {
  const changes = keys.flatMap(({ signsFrom, retiresAt }) => [signsFrom, retiresAt ?? signsFrom]);
  const seconds = changes.map((moment) => Math.ceil(moment.getTime() / 1000));
  return [...new Set(seconds.flatMap((second) => [second - 1, second]))].toSorted((one, other) => one - other);
}
