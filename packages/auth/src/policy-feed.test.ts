import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { believePolicyForMs, followPolicy, type PolicyFeed } from './policy-feed.ts';
import type { PolicyRules } from './policy.ts';
import { heldClock, type HeldClock } from './testing.ts';

let clock: HeldClock;
let feed: PolicyFeed | undefined;
let told: string[];
/** Questions that the authority has not answered yet, oldest first. */
let asked: { answer: (ruleSet: unknown) => Promise<void>; fail: () => Promise<void> }[];

beforeEach(() => {
  vi.useFakeTimers();
  clock = heldClock();
  told = [];
  asked = [];
});
afterEach(() => {
  feed?.close();
  vi.useRealTimers();
});

/** A rule set is its version here; everything else is malformed. */
function open(ruleSet: unknown): PolicyRules {
  if (typeof ruleSet !== 'number') throw new Error('malformed');
  return { version: ruleSet, decide: () => true, which: () => ({ all: [] }) };
}

function follow(): PolicyFeed {
  feed = followPolicy({
    load: () => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const settle = async (end: () => void): Promise<void> => {
        end();
        await vi.advanceTimersByTimeAsync(0);
      };
      asked.push({
        answer: (ruleSet) => settle(() => resolve(ruleSet)),
        fail: () => settle(() => reject(new Error('out'))),
      });
      return promise;
    },
    open,
    clock,
    random: () => 0,
    onRules: (version) => told.push(`rules ${version}`),
    onAlarm: (isOn) => told.push(isOn ? 'alarm' : 'over'),
  });
  return feed;
}

/** Moves both times. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms / 1000);
  await vi.advanceTimersByTimeAsync(ms);
}

/** Waits for the next question, and answers how many milliseconds that took. */
async function untilAsked(): Promise<number> {
  const count = asked.length;
  let waited = 0;
  for (; asked.length === count; waited += 250) await pass(250);
  return waited;
}

const minutes = (count: number): number => count * 60_000;

test('it asks at once, and knows nothing before the answer', async () => {
  const policy = follow();
  expect([policy.current(), policy.latest(), policy.version(), policy.ageMs()]).toEqual([
    undefined,
    undefined,
    undefined,
    Infinity,
  ]);
  await asked[0]?.answer(3);
  expect([policy.current()?.version, policy.latest()?.version, policy.ageMs()]).toEqual([3, 3, 0]);
  expect(told).toEqual(['rules 3']);
});

test('it asks again every ten minutes, and says nothing when nothing is new', async () => {
  const policy = follow();
  await asked[0]?.answer(3);
  await pass(minutes(10) - 1);
  expect(asked).toHaveLength(1);
  await pass(1);
  await asked[1]?.answer(3);
  expect([policy.version(), policy.ageMs(), told]).toEqual([3, 0, ['rules 3']]);
});

test('a version that is announced is loaded at once; one that is known already is not', async () => {
  const policy = follow();
  await asked[0]?.answer(3);
  policy.announced(3);
  policy.announced(2);
  expect(asked).toHaveLength(1);
  policy.announced(4);
  expect(asked).toHaveLength(2);
  await asked[1]?.answer(4);
  expect(policy.version()).toBe(4);
});

test('news that come while a question is under way are asked after: its answer may be too old', async () => {
  const policy = follow();
  policy.announced(2);
  policy.reload();
  expect(asked).toHaveLength(1);
  await asked[0]?.answer(1);
  expect([policy.version(), told]).toEqual([undefined, ['alarm']]);
  expect(asked).toHaveLength(2);
  await asked[1]?.answer(2);
  expect([policy.version(), told]).toEqual([2, ['alarm', 'rules 2', 'over']]);
});

test.each<[string, (question: (typeof asked)[number]) => Promise<void>]>([
  ['missing', (question) => question.fail()],
  ['malformed', (question) => question.answer({ version: 4 })],
  ['older than what is held', (question) => question.answer(2)],
])('an answer that is %s replaces nothing, raises the alarm once, and is asked for again', async (_what, reply) => {
  const policy = follow();
  await asked[0]?.answer(3);
  policy.reload();
  for (let times = 1; times <= 3; times += 1) {
    const question = asked[times];
    if (question === undefined) throw new Error('it did not ask again');
    await reply(question);
    expect([policy.current()?.version, told]).toEqual([3, ['rules 3', 'alarm']]);
    await untilAsked();
  }
  await asked[4]?.answer(3);
  expect(told).toEqual(['rules 3', 'alarm', 'over']);
});

test('retries wait from a quarter of a second on, twice as long each time, and at most fifteen', async () => {
  follow();
  const waits: number[] = [];
  for (let times = 0; times < 9; times += 1) {
    await asked.at(-1)?.fail();
    waits.push(await untilAsked());
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test('rules that nobody confirmed for an hour are believed no more; strangers are still answered by them', async () => {
  const policy = follow();
  await asked[0]?.answer(3);
  for (let second = 0; second < believePolicyForMs / 1000; second += 1) await pass(1000);
  expect(policy.current()?.version).toBe(3);
  await pass(1);
  expect([policy.current(), policy.latest()?.version]).toEqual([undefined, 3]);
  const then = clock.monotonicMs() - 1;
  expect(policy.current({ clock, monotonicMs: then })?.version, 'to a request that was opened by then').toBe(3);
  expect(policy.current({ clock: heldClock(), monotonicMs: then }), 'by another clock').toBe(undefined);
  await untilAsked();
  await asked.at(-1)?.answer(3);
  expect([policy.current()?.version, told]).toEqual([3, ['rules 3', 'alarm', 'over']]);
});

test('a question that is never answered is given up after 5 s, and asked again', async () => {
  const policy = follow();
  await pass(4999);
  expect([asked.length, told]).toEqual([1, []]);
  await pass(1);
  expect(told).toEqual(['alarm']);
  await pass(250);
  expect(asked).toHaveLength(2);
  await asked[0]?.answer(9);
  expect(policy.version(), 'an answer that came too late').toBe(undefined);
});

test('the age counts from before the question, not from the answer', async () => {
  const policy = follow();
  await pass(4000);
  await asked[0]?.answer(3);
  expect(policy.ageMs()).toBe(4000);
});

test('after closing nothing is taken, asked or told', async () => {
  const policy = follow();
  policy.close();
  await asked[0]?.answer(3);
  policy.announced(4);
  policy.reload();
  await pass(minutes(60));
  expect([policy.version(), asked.length, told]).toEqual([undefined, 1, []]);
});
