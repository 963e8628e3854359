import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBehind, makeConsistencyToken, readConsistencyHeader } from './consistency-token.ts';

const position = fc.nat({ max: Number.MAX_SAFE_INTEGER });

test('what was made is read back, and the greater text is the newer token', () => {
  fc.assert(
    fc.property(position, position, (one, other) => {
      const [first, second] = [makeConsistencyToken(one), makeConsistencyToken(other)];
      expect(readConsistencyHeader([first])).toEqual({ kind: 'token', token: first, position: one });
      expect(first < second).toBe(one < other);
    }),
  );
});

test.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])('%d is no position to make one of', (wrong) => {
  expect(() => makeConsistencyToken(wrong)).toThrow('no position');
});

const good = makeConsistencyToken(1);

test.each<[string, readonly string[]]>([
  ['two of them', [good, good]],
  ['two in one line', [`${good}, ${good}`]],
  ['nothing', ['']],
  ['another version', [good.replace('c1', 'c2')]],
  ['upper case', [good.toUpperCase()]],
  ['a digit less', [good.slice(0, -1)]],
  ['a digit more', [`${good}0`]],
  ['white space', [` ${good}`]],
  ['a line break', [`${good}\n`]],
  ['more than a position can be', ['c1-zzzzzzzzzzz']],
  ['a megabyte', ['c1-'.padEnd(1_000_000, '0')]],
  ['no text of ours', ['c1-0000000000é']],
])('%s in the header is malformed', (_what, values) => {
  expect(readConsistencyHeader(values)).toEqual({ kind: 'refused', reason: 'consistency_token_malformed' });
});

test('no header is none, and holds nobody back', () => {
  expect(readConsistencyHeader([])).toEqual({ kind: 'none' });
  expect(isBehind({ kind: 'none' }, undefined)).toBe(false);
});

test.each([
  [undefined, true],
  [6, true],
  [7, false],
  [8, false],
])('a feed at %j is behind position 7: %j', (here, behind) => {
  expect(isBehind(readConsistencyHeader([makeConsistencyToken(7)]), here)).toBe(behind);
});
