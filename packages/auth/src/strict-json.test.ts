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

test('refuses bytes that are not UTF-8 (JWT-08)', () => {
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

/** A JSON text that is built from its parts, so that what is wrong with it is known without parsing it. */
type Built = Readonly<{ text: string; depth: number; members: number; repeats: boolean; lone: boolean }>;

const leaf = (text: string, lone = false): Built => ({ text, depth: 0, members: 0, repeats: false, lone });
const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 3 });
const letter = fc.constantFrom(...'ab":,{}[]\\/é😀'.split(''), 'ud800', 'n');
const name = fc.array(letter, { maxLength: 2 }).map((letters) => letters.join(''));

/** One of the spellings that JSON has for a text (RFC 8259 §7). */
const spelling = (value: string) =>
  fc
    .array(fc.boolean(), { minLength: value.length, maxLength: value.length })
    .map((escaped) =>
      value
        .split('')
        .map((unit, index) =>
          escaped[index] === true || '"\\'.includes(unit) || unit.charCodeAt(0) > 0xd7ff
            ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
            : unit,
        )
        .join(''),
    )
    .map((text) => `"${text}"`);

const text = fc.oneof({ weight: 8, arbitrary: name }, { weight: 1, arbitrary: fc.constant('\ud800') });

const { object } = fc.letrec<{ value: Built; object: Built }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('1', '-0', '1e400', 'true', 'null').map((literal) => leaf(literal)),
    text.chain((value) => spelling(value).map((spelt) => leaf(spelt, !value.isWellFormed()))),
    tie('object'),
    fc.tuple(space, fc.array(tie('value'), { maxLength: 3 })).map(([between, items]) => ({
      text: `[${between}${items.map((item) => item.text).join(`,${between}`)}]`,
      depth: 1 + Math.max(0, ...items.map((item) => item.depth)),
      members: items.reduce((sum, item) => sum + item.members, 0),
      repeats: items.some((item) => item.repeats),
      lone: items.some((item) => item.lone),
    })),
  ),
  object: fc
    .tuple(
      space,
      fc.array(
        text.chain((key) => fc.tuple(fc.constant(key), spelling(key), tie('value'))),
        { maxLength: 4 },
      ),
    )
    .map(([between, members]) => ({
      text: `{${between}${members.map(([, spelt, value]) => `${spelt}${between}:${between}${value.text}`).join(`${between},`)}}`,
      depth: 1 + Math.max(0, ...members.map(([, , value]) => value.depth)),
      members: members.length + members.reduce((sum, [, , value]) => sum + value.members, 0),
      repeats:
        new Set(members.map(([key]) => key)).size < members.length || members.some(([, , value]) => value.repeats),
      lone: members.some(([key, , value]) => !key.isWellFormed() || value.lone),
    })),
}));

test('refuses exactly what repeats a member, has a lone surrogate, or is too deep or too large, however it is spelled', () => {
  const refusals = { repeats: 0, lone: 0, deep: 0, none: 0 };
  fc.assert(
    fc.property(object, (built) => {
      const isRefused = parseStrictObject(bytes(built.text)) === undefined;
      const why = { repeats: built.repeats, lone: built.lone, deep: built.depth > 8 };
      for (const [reason, holds] of Object.entries(why)) if (holds) refusals[reason as keyof typeof why] += 1;
      if (!isRefused) refusals.none += 1;
      const isTooMuch = built.members > 100 || bytes(built.text).length > 4096;
      expect(isRefused).toBe(built.repeats || built.lone || why.deep || isTooMuch);
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(refusals.repeats, refusals.lone, refusals.none)).toBeGreaterThan(50);
});

test('text that is made to be slow to read is read like any other', () => {
  const texts = [
    `{"a":"${'\\\\'.repeat(2000)}"}`,
    `{"a":"${'\\"'.repeat(2000)}"}`,
    `{"a":[${'""'.padEnd(8, ' ')},${Array.from({ length: 400 }, () => '""').join('       ,')}]}`,
    `{${' '.repeat(4000)}"a"${' '.repeat(10)}:1}`,
  ];
  for (const candidate of texts) expect(parseStrictObject(bytes(candidate))).toEqual(JSON.parse(candidate));
});
