import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { sightings } from './sightings.ts';

/** Answers whether a text was there before, and has it from then on. */
function seenBefore(): (text: string) => boolean {
  const { has, add } = sightings();
  return (text) => {
    const isKnown = has(text);
    add(text);
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
  const signatures = Array.from({ length: 5000 }, () => randomBytes(64).toString('base64url'));
  for (const signature of signatures) isKnown(signature);
  // A place that two of them share is the later one's.
  expect(signatures.filter(isKnown).length).toBeGreaterThan(4500);
});
