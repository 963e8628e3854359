import { expect, test } from 'vitest';
import { readProofs, standardProblems } from './proofs.ts';
import type { Standard } from './standard-row.ts';

const rowsOf = (...rows: readonly [id: `${string}-${string}`, notHere?: string][]): Standard => ({
  title: 'A standard',
  rows: rows.map(([id, notHere]) => ({
    id,
    where: '§1',
    level: 'must',
    asked: 'Something.',
    ...(notHere !== undefined && { notHere }),
  })),
});

const file = (text: string, path = 'apps/auth/src/some.test.ts') => [{ path, text }];

test('a title in any quotes, of a table as well, names its rows', () => {
  const text = [
    `test('one is refused (ABC-01)', () => {`,
    `test.each(cases)("nobody's is (ABC-02, ABD-01)", () => {`,
    `  ['a point at %s (ABC-03)', 1],`,
  ].join('\n');
  expect(readProofs(file(text)).map(({ id, line, title }) => [id, line, title])).toEqual([
    ['ABC-01', 1, 'one is refused'],
    ['ABC-02', 2, "nobody's is"],
    ['ABD-01', 2, "nobody's is"],
    ['ABC-03', 3, 'a point at %s'],
  ]);
});

test('a comment proves nothing, and neither does a file that is no test', () => {
  expect(readProofs(file(`// 'this (ABC-01)'`))).toEqual([]);
  expect(readProofs(file(` * 'this (ABC-01)'`))).toEqual([]);
  expect(readProofs(file(`test('one (ABC-01)'`, 'apps/auth/src/some.ts'))).toEqual([]);
});

test.each([
  ['a row that is neither proven nor excused', rowsOf(['ABC-02']), 'ABC-02 has neither'],
  ['a row that is both', rowsOf(['ABC-01', 'It is not here.']), 'ABC-01 is said not to apply'],
  ['an id that is no row', rowsOf(), 'ABC-01 is no row'],
])('%s is a problem', (_name, standard, problem) => {
  const proofs = readProofs(file(`test('one (ABC-01)'`));
  const problems = standardProblems([standard], proofs).map(({ message }) => message);
  expect(problems.some((message) => message.startsWith(problem))).toBe(true);
});

test('rows that are proven, or excused, are no problem', () => {
  const proofs = readProofs(file(`test('one (ABC-01)'`));
  expect(standardProblems([rowsOf(['ABC-01'], ['ABC-02', 'It is not here.'])], proofs)).toEqual([]);
});
