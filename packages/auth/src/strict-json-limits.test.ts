import { expect, test } from 'vitest';
import { parseStrictObject } from './strict-json.ts';

const parses = (text: string): boolean => parseStrictObject(new TextEncoder().encode(text)) !== undefined;

const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const arrays = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
const members = (count: number): string =>
  `{${Array.from({ length: count }, (_, index) => `"m${index}":0`).join(',')}}`;
const bytes = (count: number): string => `{"a":"${'x'.repeat(count - 8)}"}`;

/** With the first letter of its first name spelled as an escape: such a text is read another way. */
const escaped = (make: (count: number) => string) => (count: number) =>
  make(count).replace(/"(.)/, (_, letter: string) => `"\\u00${letter.charCodeAt(0).toString(16)}`);

test.each([
  ['levels of objects', objects, 8],
  ['levels of arrays', arrays, 8],
  ['members', members, 100],
  ['levels of objects whose name is escaped', escaped(objects), 8],
  ['levels of arrays beside an escape', escaped(arrays), 8],
  ['members of which one is escaped', escaped(members), 100],
  ['bytes', bytes, 4096],
])('as many %s as are allowed are read, and one more is not', (_what, make, most) => {
  expect([parses(make(most)), parses(make(most + 1))]).toEqual([true, false]);
});

test('what stands side by side is not deep', () => {
  expect(parses(`{"a":[${Array.from({ length: 50 }, () => '{"b":[]}').join(',')}]}`)).toBe(true);
});
