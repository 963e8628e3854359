import { expect, test } from 'vitest';
import type { IntrospectionAnswer } from './authority.ts';
import { coalescingAuthority } from './coalescing-authority.ts';

const question = { tokenId: 't', session: 's', subject: 'u', client: 'c' };
const inactive: IntrospectionAnswer = { active: false };

test.each<[string, readonly unknown[], string]>([
  ['no answer', [], 'the authority answered another number of questions'],
  ['two answers', [inactive, inactive], 'the authority answered another number of questions'],
  ['nothing in its place', [undefined], 'the authority left a question out, or its answer makes no sense'],
  ['null', [null], 'the authority left a question out, or its answer makes no sense'],
  ['a text', ['active'], 'the authority left a question out, or its answer makes no sense'],
  ['yes, plainly', [true], 'the authority left a question out, or its answer makes no sense'],
  ['an object that says nothing', [{}], 'the authority left a question out, or its answer makes no sense'],
])('%s to one question is no answer, and the error says so for the log', async (_name, answers, message) => {
  const ask = coalescingAuthority(async () => answers as readonly IntrospectionAnswer[]);
  await expect(ask(question)).rejects.toThrow(new Error(message));
});
