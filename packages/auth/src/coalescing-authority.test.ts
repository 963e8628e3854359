import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AskAuthority, IntrospectionQuestion } from './authority.ts';
import { coalescingAuthority } from './coalescing-authority.ts';

const question = (name: string): IntrospectionQuestion => ({
  tokenId: name,
  session: `1.${name}`,
  subject: 'u_ada',
  client: 'web',
});

test('an answer is never older than its question: revocations between joining and reading are seen', async () => {
  const actions = fc.array(
    fc.oneof(
      fc.constantFrom('a', 'b', 'c').map((name) => ({ ask: name })),
      fc.constantFrom('a', 'b', 'c').map((name) => ({ revoke: name })),
    ),
    { maxLength: 40 },
  );
  const property = fc.asyncProperty(fc.scheduler(), actions, async (scheduler, steps) => {
    const revoked = new Set<string>();
    const ask: AskAuthority = async (questions) => {
      await scheduler.schedule(Promise.resolve(), 'request travels');
      const answers = questions.map(({ tokenId }) =>
        revoked.has(tokenId)
          ? ({ active: false } as const)
          : ({ active: true, authTime: 1, acr: 'aal1', answeredAt: 1 } as const),
      );
      await scheduler.schedule(Promise.resolve(), 'answer travels');
      return answers;
    };
    const asking = coalescingAuthority(ask, { maxBatch: 3 });
    const outcomes: Promise<{ wasRevoked: boolean; active: boolean }>[] = [];
    const asked = scheduler.scheduleSequence(
      steps.map((step) => async () => {
        if ('revoke' in step) {
          revoked.add(step.revoke);
          return;
        }
        const wasRevoked = revoked.has(step.ask);
        outcomes.push(asking(question(step.ask)).then((answer) => ({ wasRevoked, active: answer.active })));
      }),
    );
    await scheduler.waitFor(asked.task);
    const answers = await scheduler.waitFor(Promise.all(outcomes));
    return answers.every(({ wasRevoked, active }) => !(wasRevoked && active));
  });
  await expect(fc.assert(property, { numRuns: 500 })).resolves.toBeUndefined();
});

test('asks at once when idle; what arrives meanwhile gathers into the next call, of at most 128', async () => {
  const sizes: number[] = [];
  const releases: (() => void)[] = [];
  const asking = coalescingAuthority(async (questions) => {
    sizes.push(questions.length);
    await new Promise<void>((resolve) => releases.push(resolve));
    return questions.map(() => ({ active: false }) as const);
  });
  const answers = Array.from({ length: 200 }, (_, index) => asking(question(`t${index}`)));
  expect(sizes).toEqual([1, 1]);
  releases.shift()?.();
  await answers[0];
  expect(sizes).toEqual([1, 1, 128]);
  while (releases.length > 0) {
    releases.shift()?.();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(answers);
  expect(sizes).toEqual([1, 1, 128, 70]);
});

test('the same question, asked while it waits, is sent once', async () => {
  const sent: string[] = [];
  const asking = coalescingAuthority(async (questions) => {
    sent.push(...questions.map(({ tokenId }) => tokenId));
    await new Promise((resolve) => setImmediate(resolve));
    return questions.map(() => ({ active: false }) as const);
  });
  await Promise.all(['a', 'b', 'c', 'c', 'c'].map((name) => asking(question(name))));
  expect(sent).toEqual(['a', 'b', 'c']);
});

test('two questions about one token that differ in the subject do not share an answer', async () => {
  const asking = coalescingAuthority(async (questions) =>
    questions.map(({ subject }) =>
      subject === 'u_eve' ? { active: false } : { active: true, authTime: 1, acr: 'aal1', answeredAt: 1 },
    ),
  );
  const blockers = [asking(question('x')), asking(question('y'))];
  const [ada, eve] = await Promise.all([asking(question('a')), asking({ ...question('a'), subject: 'u_eve' })]);
  await Promise.all(blockers);
  expect([ada.active, eve.active]).toEqual([true, false]);
});

test.each<[string, AskAuthority]>([
  ['fails', () => Promise.reject(new Error('down'))],
  ['answers too few', async () => []],
  ['never answers', () => new Promise(() => {})],
])('when the authority %s, every asker hears so in time and later ones are asked anew', async (_name, broken) => {
  let ask = broken;
  const asking = coalescingAuthority((questions, signal) => ask(questions, signal), { deadlineMs: 50, maxUnderWay: 4 });
  await expect(asking(question('a'))).rejects.toThrow();
  ask = async (questions) => questions.map(() => ({ active: false }));
  await expect(asking(question('a'))).resolves.toEqual({ active: false });
});

test('a call that ignores its deadline does not hold the next ones up for ever', async () => {
  let calls = 0;
  const asking = coalescingAuthority(
    (questions) => {
      calls += 1;
      return calls <= 2 ? new Promise(() => {}) : Promise.resolve(questions.map(() => ({ active: false }) as const));
    },
    { deadlineMs: 30 },
  );
  await Promise.allSettled([asking(question('a')), asking(question('b'))]);
  await expect(asking(question('c'))).resolves.toEqual({ active: false });
});
