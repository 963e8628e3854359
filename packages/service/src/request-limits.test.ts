import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkNesting } from './request-limits.ts';

const isTaken = (json: string): boolean => {
  try {
    checkNesting(json);
    return true;
  } catch {
    return false;
  }
};

/** The limit's meaning, letter by letter. */
const isTakenByLetters = (json: string): boolean => {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const letter = json[index] ?? '';
    if (inString && letter === '\\') index += 1;
    else if (letter === '"') inString = !inString;
    else if (!inString) depth += Number('[{'.includes(letter)) - Number(']}'.includes(letter));
    if (depth > 32) return false;
  }
  return true;
};

test('JSON is taken up to 32 levels deep, whatever stands in its strings', () => {
  const nested = (levels: number, inmost: string): string => '['.repeat(levels) + inmost + ']'.repeat(levels);
  const strings = [
    '""',
    '"x"',
    '"]"',
    '"\\"]]"',
    '"\\\\"',
    '"\\\\\\"]"',
    `"${'['.repeat(99)}"`,
    `"${'\\"['.repeat(99)}"`,
  ];
  for (const inmost of strings) {
    expect(isTaken(nested(32, inmost))).toBe(true);
    expect(isTaken(nested(33, inmost))).toBe(false);
    expect(isTaken(nested(32, `${inmost},[]`))).toBe(false);
  }
});

test('also of text that is no JSON, exactly that is refused which opens more than 32 levels outside of strings', () => {
  // Strings that hold what opens and escapes what would end them: read without escapes, they end elsewhere.
  const strings = fc
    .array(fc.constantFrom('\\"', '\\\\', '[[[[[[[[', '"'), { maxLength: 5 })
    .map((parts) => `"${parts.join('')}"`);
  const letters = fc.constantFrom('"', '\\', '[', '{', ']', '}', 'a', '[[[[[[[[', '{{{{{{{{');
  const pieces = fc.oneof({ weight: 3, arbitrary: letters }, strings);
  const texts = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(''));
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(texts, (text) => {
      const taken = isTaken(text);
      seen.add(taken);
      return taken === isTakenByLetters(text);
    }),
    { numRuns: 2000 },
  );
  expect(seen.size).toBe(2);
});
