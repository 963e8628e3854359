import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { markOf, sightings } from './sightings.ts';

function seenBefore(): (text: string) => boolean {
  const { has, add } = sightings();
  return (text) => {
    const mark = markOf(text);
    const isKnown = has(mark);
    if (!isKnown) add(mark);
    return isKnown;
  };
}

test('a text was not seen before when it is shown first, and was from then on', () => {
  const isKnown = seenBefore();
  for (const text of ['', 'a', 'b', 'ab', 'ba', 'a.b.c']) expect([isKnown(text), isKnown(text)]).toEqual([false, true]);
  expect(seenBefore()('a')).toBe(false);
});

test('texts that end otherwise are told apart, wherever in the last twelve characters', () => {
  const isKnown = seenBefore();
  const texts = Array.from({ length: 12 }, (_, at) => `the same beginning ${'-'.repeat(at)}x${'-'.repeat(11 - at)}`);
  expect(texts.filter(isKnown)).toEqual([]);
  expect(texts.filter(isKnown)).toEqual(texts);
});

test('of many signatures that come once nearly none is taken for one that came before', () => {
  const isKnown = seenBefore();
  const signatures = Array.from({ length: 50_000 }, () => randomBytes(64).toString('base64url'));
  expect(signatures.filter(isKnown).length).toBeLessThan(20);
});

test('what was shown lately is known though thousands came since', () => {
  const isKnown = seenBefore();
  const signatures = Array.from({ length: 20_000 }, () => randomBytes(64).toString('base64url'));
  for (const signature of signatures) isKnown(signature);
  expect(signatures.filter((signature) => !isKnown(signature)).length).toBeLessThan(400);
});

test('as many steady texts as a cache holds do not drive each other out, in turn after turn', () => {
  const isKnown = seenBefore();
  const steady = Array.from({ length: 10_000 }, () => randomBytes(64).toString('base64url'));
  for (let turn = 0; turn < 5; turn += 1) steady.forEach(isKnown);
  expect(steady.filter((text) => !isKnown(text)).length).toBeLessThan(50);
});

test('whatever has come, memory of it ends: the oldest is forgotten', () => {
  const isKnown = seenBefore();
  isKnown('the first');
  for (let other = 0; other < 1_500_000; other += 1) isKnown(`${other}`);
  expect(isKnown('the first')).toBe(false);
});
