import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AskAuthority, IntrospectionAnswer, IntrospectionQuestion } from './authority.ts';
import { coalescingAuthority } from './coalescing-authority.ts';

const question = (name: string): IntrospectionQuestion => ({
  tokenId: name,
  session: `1.${name}`,
  subject: 'u_ada',
  client: 'web',
});

const inactive = { active: false } as const;
const active = { active: true, authTime: 1, acr: 'aal1', answeredAt: 1 } as const;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const outcomeOf = (asked: Promise<IntrospectionAnswer>): Promise<unknown> =>
  asked.catch((error: unknown) => String(error));

test.each<[string, AskAuthority]>([
  ['fails', () => Promise.reject(new Error('down'))],
  [
    'throws before it asks',
    () => {
      throw new Error('down');
    },
  ],
])('when the authority %s, the asker hears so at once and later ones are asked anew', async (_name, broken) => {
  let ask = broken;
  const asking = coalescingAuthority((questions, signal) => ask(questions, signal));
  await expect(asking(question('a'))).rejects.toThrow('down');
  ask = async (questions) => questions.map(() => inactive);
  await expect(asking(question('a'))).resolves.toEqual(inactive);
  expect(vi.getTimerCount()).toBe(0);
});

test('whoever gets no answer hears so after the deadline, counted from the own question; the transport is told to stop', async () => {
  const signals: AbortSignal[] = [];
  const asking = coalescingAuthority((_questions, signal) => (signals.push(signal), new Promise(() => {})));
  const told: string[] = [];
  const ask = (name: string) =>
    void asking(question(name)).catch((error: unknown) => told.push(`${name} ${String(error)}`));
  ask('a');
  ask('b');
  await vi.advanceTimersByTimeAsync(600);
  ask('c');
  await vi.advanceTimersByTimeAsync(399);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  const late = 'NoAnswerInTime: no answer within 1000 ms';
  expect(told).toEqual([`a ${late}`, `b ${late}`]);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false]);
  await vi.advanceTimersByTimeAsync(600);
  expect(told).toEqual([`a ${late}`, `b ${late}`, `c ${late}`]);
});

test('a call that ignores its deadline does not hold the next ones up for ever', async () => {
  let calls = 0;
  const asking = coalescingAuthority((questions) =>
    (calls += 1) <= 2 ? new Promise(() => {}) : Promise.resolve(questions.map(() => inactive)),
  );
  const lost = Promise.allSettled([asking(question('a')), asking(question('b'))]);
  await vi.advanceTimersByTimeAsync(500);
  const waiting = asking(question('c'));
  await vi.advanceTimersByTimeAsync(500);
  expect((await lost).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(waiting).resolves.toEqual(inactive);
});

test('a late answer is dropped: it answers nobody who asked the same again', async () => {
  const late = Promise.withResolvers<readonly IntrospectionAnswer[]>();
  let calls = 0;
  const asking = coalescingAuthority(() => ((calls += 1) === 1 ? late.promise : Promise.resolve([inactive])));
  const lost = asking(question('a')).catch(() => 'lost');
  await vi.advanceTimersByTimeAsync(1000);
  const again = asking(question('a'));
  late.resolve([active]);
  expect([await lost, await again]).toEqual(['lost', inactive]);
});

test('who gives up on a question that was sent does not take the same one from those who wait to ask it', async () => {
  let calls = 0;
  const asking = coalescingAuthority(() => ((calls += 1) === 1 ? new Promise(() => {}) : Promise.resolve([inactive])), {
    maxUnderWay: 1,
  });
  const lost = outcomeOf(asking(question('a')));
  await vi.advanceTimersByTimeAsync(500);
  const again = outcomeOf(asking(question('a')));
  await vi.advanceTimersByTimeAsync(500);
  expect([await lost, await again]).toEqual(['NoAnswerInTime: no answer within 1000 ms', inactive]);
});

test('nobody is asked about a question that all its askers gave up; one who still waits keeps it', async () => {
  const sent: string[][] = [];
  const asking = coalescingAuthority(
    (questions) => {
      sent.push(questions.map(({ tokenId }) => tokenId));
      return sent.length <= 2 ? new Promise(() => {}) : Promise.resolve(questions.map(() => inactive));
    },
    { maxUnderWay: 1, maxBatch: 1 },
  );
  const ask = (name: string) => outcomeOf(asking(question(name)));
  const lost = [ask('first')];
  await vi.advanceTimersByTimeAsync(500);
  lost.push(ask('second'), ask('given up'), ask('kept'));
  await vi.advanceTimersByTimeAsync(900);
  const kept = ask('kept');
  await vi.advanceTimersByTimeAsync(600);
  expect(new Set(await Promise.all(lost))).toEqual(new Set(['NoAnswerInTime: no answer within 1000 ms']));
  expect(await kept).toEqual(inactive);
  expect(sent).toEqual([['first'], ['second'], ['kept']]);
  expect(vi.getTimerCount()).toBe(0);
});
