import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isImpossibleMove, type Place } from './places.ts';
import {
  judge,
  riskLevels,
  riskRules,
  riskSignals,
  secondFactorWithinSeconds,
  settle,
  together,
  unsuspected,
} from './risk-rules.ts';

const someSignals = fc.subarray([...riskSignals]);
const rank = (level: (typeof riskLevels)[number]): number => riskLevels.indexOf(level);

test('what looks wrong, and how wrong, reads off the table', () => {
  expect(judge([])).toEqual(unsuspected);
  expect(judge(['new network']).level).toBe('raised');
  expect(judge(['new device']).level).toBe('raised');
  expect(judge(['new network', 'new device']).level).toBe('high');
  expect(judge(['device changed']).level).toBe('high');
  expect(judge(['impossible move', 'new network']).level).toBe('high');
  for (const signal of riskSignals)
    expect(riskRules.some(({ when }) => when.length === 1 && when[0] === signal)).toBe(true);
});

test('more signals never look better, and the more something looks wrong the more is asked', () => {
  fc.assert(
    fc.property(someSignals, someSignals, (one, other) => {
      const both = together(judge(one), judge(other));
      expect(rank(both.level)).toBeGreaterThanOrEqual(Math.max(rank(judge(one).level), rank(judge(other).level)));
      expect(new Set(both.signals)).toEqual(new Set([...one, ...other]));
      const asked = (level: (typeof riskLevels)[number]) => secondFactorWithinSeconds[level] ?? Infinity;
      expect(asked(both.level)).toBeLessThanOrEqual(asked(judge(one).level));
    }),
  );
});

test('a second factor settles what it can: a copied session or two places at once stay suspicious', () => {
  expect(settle(judge(['new device', 'new network']))).toEqual(unsuspected);
  expect(settle(judge(['impossible move', 'new network']))).toEqual(judge(['impossible move']));
  expect(settle(judge(['device changed', 'new device']))).toEqual(judge(['device changed']));
  fc.assert(
    fc.property(someSignals, (signals) => {
      expect(settle(settle(judge(signals)))).toEqual(settle(judge(signals)));
    }),
  );
});

const lisbon: Place = { latitude: 38.72, longitude: -9.14, name: 'Lisbon' };
const madrid: Place = { latitude: 40.42, longitude: -3.7, name: 'Madrid' };
const sydney: Place = { latitude: -33.87, longitude: 151.21, name: 'Sydney' };
const at = (hours: number) => new Date(Date.UTC(2026, 10, 21) + hours * 3_600_000);

test('nobody moves faster than an airliner, and nothing is said of short ways or unknown places', () => {
  const move = (from: Place | undefined, to: Place | undefined, hours: number) =>
    isImpossibleMove({ place: from, at: at(0) }, { place: to, at: at(hours) });
  expect(move(lisbon, sydney, 17)).toBe(true);
  expect(move(lisbon, sydney, 19)).toBe(false);
  expect(move(sydney, lisbon, -17)).toBe(true);
  expect(move(lisbon, madrid, 0.4)).toBe(true);
  expect(move(lisbon, madrid, 0.6)).toBe(false);
  expect(move(lisbon, { ...lisbon, longitude: -4 }, 0)).toBe(false);
  expect(move(lisbon, undefined, 0)).toBe(false);
  expect(move(undefined, sydney, 0)).toBe(false);
});
