import { expect, test } from 'vitest';
import type { Demotion } from './demotion.ts';
import { openGates } from './gates.ts';
import { virtualTime } from './testing.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

const verifier = {
  maxLifetimeSeconds: 600,
  verify: () => {
    throw new Error('not reached');
  },
};

/** A service with issuers whose feeds prove themselves when they are told to, and what it says of its tiers. */
function service(...names: readonly (string | undefined)[]) {
  const time = virtualTime();
  const provenAtMs = new Map<string | undefined, number>();
  const said: Demotion[] = [];
  const issuers = names.map((name): TrustedIssuer => {
    const silenceMs = (): number => time.monotonicMs() - (provenAtMs.get(name) ?? -Infinity);
    const revocations = { silenceMs, isRevoked: () => false, learn: () => {}, position: () => 0 };
    return { issuer: name ?? 'house', ...(name !== undefined && { name }), local: verifier, revocations };
  });
  const gates = openGates({ issuers, clock: time, timers: time, onDemotion: (change) => void said.push(change) });
  return {
    time,
    gates,
    /** What was said since the last time, one line each. */
    said: () =>
      said
        .splice(0)
        .map(({ issuer, tier, from, to, boundSeconds }) => `${issuer} ${tier}: ${from} -> ${to} (${boundSeconds})`),
    silences: () => said.splice(0).map(({ silenceMs }) => silenceMs),
    /** Lets time pass with a feed that proves itself each second. */
    alive: async (seconds: number, name = names[0]) => {
      for (let second = 0; second < seconds; second += 1) {
        provenAtMs.set(name, time.monotonicMs());
        await time.advance(1000);
      }
    },
    silent: (seconds: number) => time.advance(seconds * 1000),
  };
}

test('alive, degraded, beyond each bridge, and back: each change is said once, with its bound', async () => {
  const { alive, silent, said } = service(undefined);
  await alive(20);
  expect(said()).toEqual([]);

  await silent(3);
  expect(said()).toEqual([
    'house publicRead: local -> degraded (60)',
    'house authenticatedRead: local -> degraded (60)',
    'house standardWrite: local -> degraded (10)',
  ]);
  await silent(5);
  expect(said()).toEqual([]);
  await silent(2);
  expect(said()).toEqual(['house standardWrite: degraded -> introspect (0)']);
  await silent(49);
  expect(said()).toEqual([]);
  await silent(2);
  expect(said()).toEqual([
    'house publicRead: degraded -> anonymous (null)',
    'house authenticatedRead: degraded -> unavailable (null)',
  ]);
  await silent(3600);
  expect(said()).toEqual([]);

  await alive(10);
  expect(said()).toEqual([]);
  await alive(2);
  expect(said()).toEqual([
    'house publicRead: anonymous -> local (null)',
    'house authenticatedRead: unavailable -> local (5)',
    'house standardWrite: introspect -> local (5)',
  ]);
  await alive(60);
  expect(said()).toEqual([]);
});

test('a change for the worse is said within a quarter of a second, with the silence', async () => {
  const { time, alive, silences } = service(undefined);
  await alive(20);
  await time.advance(2500);
  expect(silences()).toEqual([]);
  await time.advance(250);
  expect(silences()).toEqual([3750, 3750, 3750]);
});

test('a feed that flaps is said to be demoted once, and to be back once', async () => {
  const { alive, silent, said } = service(undefined);
  await alive(20);
  for (let flap = 0; flap < 20; flap += 1) {
    await silent(4);
    await alive(3);
  }
  expect(said().filter((line) => line.includes('authenticatedRead'))).toEqual([
    'house authenticatedRead: local -> degraded (60)',
  ]);
  await alive(10);
  expect(said().filter((line) => line.includes('authenticatedRead'))).toEqual([
    'house authenticatedRead: degraded -> local (5)',
  ]);
});

test('a service whose feed was never alive says so, after as long as a feed may be silent; one that comes alive in time does not', async () => {
  const never = service(undefined);
  await never.silent(3.5);
  expect(never.said()).toEqual([]);
  await never.silent(0.25);
  expect(never.said()).toEqual([
    'house publicRead: local -> anonymous (null)',
    'house authenticatedRead: local -> unavailable (null)',
    'house standardWrite: local -> introspect (0)',
  ]);
  const late = service(undefined);
  await late.silent(3);
  await late.alive(10);
  expect(late.said()).toEqual([]);
});

test('each issuer is watched by itself; one without a feed never changes', async () => {
  const { time, alive, said, gates } = service(undefined, 'partner');
  await alive(10, undefined);
  expect(said()).toEqual([
    'partner publicRead: local -> anonymous (null)',
    'partner authenticatedRead: local -> unavailable (null)',
    'partner standardWrite: local -> introspect (0)',
  ]);
  gates.close();
  await time.advance(120_000);
  expect(said()).toEqual([]);

  const withoutFeed: Demotion[] = [];
  const partner: TrustedIssuer = {
    issuer: 'https://partner.test',
    name: 'partner',
    local: verifier,
    revocations: { feed: 'none', believeForSeconds: 60 },
  };
  const alone = virtualTime();
  openGates({ issuers: [partner], clock: alone, timers: alone, onDemotion: (change) => void withoutFeed.push(change) });
  await alone.advance(120_000);
  expect(withoutFeed).toEqual([]);
});
