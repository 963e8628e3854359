import { expect, test } from 'vitest';
import { questionsInput } from './questions.ts';

const question = { tokenId: 't', session: '1.s', subject: 'u_ada', client: 'web' };
const takes = (input: unknown): boolean => questionsInput.safeParse(input).success;

test('1 to 128 questions are taken, as they are', () => {
  expect(questionsInput.parse({ questions: [question, question] })).toEqual({ questions: [question, question] });
  expect(takes({ questions: Array.from({ length: 128 }, () => question) })).toBe(true);
  expect(takes({ questions: Array.from({ length: 129 }, () => question) })).toBe(false);
  expect(takes({ questions: [] })).toBe(false);
});

test.each(Object.keys(question))('a question has one %s: a text of 1 to 256 characters', (member) => {
  for (const good of ['x', 'x'.repeat(256)]) expect(takes({ questions: [{ ...question, [member]: good }] })).toBe(true);
  for (const bad of ['', 'x'.repeat(257), 1, null, undefined, ['x'], { length: 1 }])
    expect(takes({ questions: [question, { ...question, [member]: bad }] })).toBe(false);
  const { [member]: _, ...without } = { ...question } as Record<string, string>;
  expect(takes({ questions: [without] })).toBe(false);
  expect(takes({ questions: [{ ...without, another: 'x' }] })).toBe(false);
});

test('nothing else is taken: no other member, and no other form', () => {
  for (const input of [
    undefined,
    null,
    'x',
    [],
    {},
    { questions: question },
    { questions: 'x' },
    { questions: { length: 1 } },
  ])
    expect(takes(input)).toBe(false);
  for (const entry of [null, 'x', 1, [], [question], { ...question, more: 'x' }])
    expect(takes({ questions: [entry] })).toBe(false);
  expect(takes({ questions: [question], more: 1 })).toBe(false);
  expect(
    takes(JSON.parse('{"questions":[{"tokenId":"t","session":"s","subject":"u","client":"c","__proto__":{}}]}')),
  ).toBe(false);
});
