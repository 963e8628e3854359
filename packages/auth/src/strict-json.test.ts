import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStrictObject } from './strict-json.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['a duplicate member', '{"sub":"a","sub":"b"}'],
  ['a duplicate spelled with an escape', '{"sub":"a","s\\u0075b":"b"}'],
  ['a duplicate further down', '{"a":[{"b":1,"b":2}]}'],
  ['a byte order mark', '\ufeff{"a":1}'],
  ['an array', '[1]'],
  ['a string', '"a"'],
  ['null', 'null'],
  ['a lone surrogate', '{"a":"\\ud800"}'],
  ['trailing text', '{"a":1}x'],
  ['nesting over eight', `${'{"a":'.repeat(9)}1${'}'.repeat(9)}`],
  ['over a hundred members', `{${Array.from({ length: 101 }, (_, index) => `"m${index}":1`).join(',')}}`],
  ['over 4096 bytes', `{"a":"${'x'.repeat(4096)}"}`],
])('refuses %s', (_name, text) => {
  expect(parseStrictObject(bytes(text))).toBeUndefined();
});

test('refuses bytes that are not UTF-8', () => {
  expect(parseStrictObject(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined();
});

test('reads every other object as JSON.parse does', () => {
  const text = fc
    .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8, noNullPrototype: true })
    .map((value) => JSON.stringify(value, null, 1))
    .filter((candidate) => candidate.length <= 1000 && candidate.isWellFormed() && !candidate.includes('\\ud'));
  expect(() =>
    fc.assert(
      fc.property(text, (candidate) => isDeepStrictEqual(parseStrictObject(bytes(candidate)), JSON.parse(candidate))),
    ),
  ).not.toThrow();
});

test('a string that holds a colon or quotes is not taken for a member', () => {
  expect(parseStrictObject(bytes('{"a":"b\\":","b":["a","a"]}'))).toEqual({ a: 'b":', b: ['a', 'a'] });
});
