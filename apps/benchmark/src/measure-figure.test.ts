import { expect, test } from 'vitest';
import type { Comparison, Figure, Round, Run } from './figure.ts';
import { inTurn, measureFigure } from './measure-figure.ts';
import { notPinned } from './pinning.ts';

const how = { rounds: 3, roundMs: 1500 };
const nobodyAsks = async () => {
  throw new Error('These contestants need nothing.');
};
const run: Run = {
  quick: true,
  progress: () => {},
  pinning: notPinned,
  load: nobodyAsks,
  shared: nobodyAsks,
  telemetry: nobodyAsks,
  database: nobodyAsks,
  preparedDatabase: nobodyAsks,
};

/** A figure of two contestants whose rounds go as scripted; `calls` keeps who was asked, in order. */
function scripted(rounds: Readonly<Record<'a' | 'b', readonly Round[]>>, changes: Partial<Comparison> = {}) {
  const calls: string[] = [];
  const contestant = (name: 'a' | 'b') => {
    let turn = 0;
    return {
      name,
      round: async (forMs: number) => {
        calls.push(`${name} ${forMs}`);
        const next = rounds[name][turn++];
        if (next === undefined) throw new Error(`${name} answered wrongly`);
        return next;
      },
    };
  };
  const figure: Figure = {
    id: 'B99',
    title: 'a against b',
    seconds: { quick: 0, full: 0 },
    open: async () => ({
      kind: 'comparison',
      contestants: [contestant('a'), contestant('b')],
      goals: [{ of: 'a', over: 'b', measure: 'perSecond', bound: { atLeast: 2 } }],
      close: async () => void calls.push('closed'),
      ...changes,
    }),
  };
  return { figure, calls };
}

const rates = (...all: readonly number[]): Round[] => all.map((perSecond) => ({ perSecond }));

test('contestants take turns, the first round of each does not count, and ratios are taken round by round', async () => {
  const { figure, calls } = scripted({ a: rates(1, 20, 30, 100), b: rates(1e9, 10, 10, 10) });
  const result = await measureFigure(figure, run, how);
  expect(calls).toEqual(['a 3000', 'b 3000', 'a 1500', 'b 1500', 'a 1500', 'b 1500', 'a 1500', 'b 1500', 'closed']);
  expect(result).toMatchObject({
    outcome: 'complete',
    ratios: [{ ratio: { q1: 2.5, median: 3, q3: 6.5 }, isMet: true }],
  });
});

test('two alternate; of more, none comes after the same one each time, and each comes once in a round', () => {
  const all = ['a', 'b', 'c', 'd'];
  const orders = (count: number) => Array.from({ length: 6 }, (_, round) => inTurn(all.slice(0, count), round + 1));
  expect(orders(2)).toEqual(Array.from({ length: 6 }, () => ['a', 'b']));
  expect(orders(3).map((order) => order.join(''))).toEqual(['abc', 'acb', 'cab', 'cba', 'bca', 'bac']);
  expect(orders(4).map((order) => order.toSorted((one, other) => one.localeCompare(other)))).toEqual(
    Array.from({ length: 6 }, () => all),
  );
  const turns = orders(4).flat();
  const before = (name: string) => new Set(turns.filter((_, at) => turns[at + 1] === name));
  for (const name of all) expect(before(name).size).toBeGreaterThan(1);
});

test('rounds are cut into shorter ones where a few percent count, though not in a quick run', async () => {
  const forMs = async (quick: boolean) => {
    const { figure, calls } = scripted({ a: rates(1, 1, 1, 1, 1, 1, 1), b: rates(1, 1, 1, 1, 1, 1, 1) }, { cuts: 2 });
    await measureFigure(figure, { ...run, quick }, how);
    return calls.filter((call) => call.startsWith('a'));
  };
  expect(await forMs(false)).toEqual(['a 3000', ...Array.from({ length: 6 }, () => 'a 750')]);
  expect(await forMs(true)).toEqual(['a 3000', ...Array.from({ length: 3 }, () => 'a 1500')]);
});

test('a goal that is missed is said to be missed, and the comparison is complete', async () => {
  const { figure } = scripted({ a: rates(1, 11, 12, 13), b: rates(1, 10, 10, 10) });
  expect(await measureFigure(figure, run, how)).toMatchObject({ outcome: 'complete', ratios: [{ isMet: false }] });
});

test('a server that had time left was not what set the pace: the comparison is partial', async () => {
  const idle = [0.5, 0.5, 0.5, 0.5].map((coreShare) => ({ perSecond: 10, coreShare }));
  const result = await measureFigure(scripted({ a: idle, b: rates(1, 1, 1, 1) }).figure, run, how);
  expect(result).toMatchObject({ outcome: 'partial', problems: ['not saturated: a used 50 % of its core'] });
});

test('what was not measured makes a comparison partial, and meets no goal', async () => {
  const goals = [{ of: 'a', over: 'b', measure: 'p99', bound: { atMost: 9 } }] as const;
  const { figure } = scripted({ a: rates(1, 1, 1, 1), b: rates(1, 1, 1, 1) }, { goals });
  const result = await measureFigure(figure, run, how);
  expect(result).toMatchObject({
    outcome: 'partial',
    problems: ['a ÷ b: p99 was not measured'],
    ratios: [{ isMet: false }],
  });
});

test('a contestant that answers wrongly fails the whole figure, which is closed', async () => {
  const { figure, calls } = scripted({ a: rates(1, 1), b: rates(1, 1, 1, 1) });
  const result = await measureFigure(figure, run, how);
  expect(result).toMatchObject({ outcome: 'failed', problems: ['a: a answered wrongly'], ratios: [], contestants: [] });
  expect(calls.at(-1)).toBe('closed');
});

test('a contestant that is named and not there fails the figure', async () => {
  const goals = [{ of: 'a', over: 'c', measure: 'perSecond', bound: { atLeast: 1 } }] as const;
  const { figure } = scripted({ a: rates(1, 1, 1, 1), b: rates(1, 1, 1, 1) }, { goals });
  expect(await measureFigure(figure, run, how)).toMatchObject({
    outcome: 'failed',
    problems: ['There is no contestant "c".'],
  });
});

test('the limit of a goal is measured against the same other, and is no part of a quick run', async () => {
  const goals = [{ of: 'a', over: 'a', measure: 'perSecond', bound: { atLeast: 1 }, limit: 'b' }] as const;
  const limitOf = async (quick: boolean) => {
    const { figure } = scripted({ a: rates(1, 10, 10, 10), b: rates(1, 20, 30, 40) }, { goals });
    const { ratios } = await measureFigure(figure, { ...run, quick }, how);
    return ratios[0]?.limitRatio?.median;
  };
  expect([await limitOf(true), await limitOf(false)]).toEqual([undefined, 3]);
});

test('a limit may be of two others of the same kind', async () => {
  const goals = [
    { of: 'a', over: 'a', measure: 'perSecond', bound: { atLeast: 1 }, limit: { of: 'a', over: 'b' } },
  ] as const;
  const { figure } = scripted({ a: rates(1, 10, 10, 10), b: rates(1, 20, 40, 50) }, { goals });
  const { ratios } = await measureFigure(figure, { ...run, quick: false }, how);
  expect(ratios[0]).toMatchObject({ ratio: { median: 1 }, limitRatio: { median: 0.25 } });
});

test('a quick run leaves out what no goal names', async () => {
  const goals = [{ of: 'a', over: 'a', measure: 'perSecond', bound: { atLeast: 1 } }] as const;
  const rounds = { a: rates(1, 1, 1, 1), b: rates(1, 1, 1, 1) };
  const names = async (quick: boolean) => {
    const { contestants } = await measureFigure(scripted(rounds, { goals }).figure, { ...run, quick }, how);
    return contestants.map(({ name }) => name);
  };
  expect([await names(true), await names(false)]).toEqual([['a'], ['a', 'b']]);
});

test('readings are held against their bounds', async () => {
  const bound = { atMost: 480 };
  const readings = [
    { name: 'small', value: 480, unit: 'bytes', bound },
    { name: 'large', value: 481, unit: 'bytes', bound },
    { name: 'stated', value: 7, unit: 'MiB' },
    { name: 'lost', value: NaN, unit: 'ms' },
  ] as const;
  const open: Figure['open'] = async () => ({ kind: 'readings', read: async () => readings, close: async () => {} });
  const result = await measureFigure({ ...scripted({ a: [], b: [] }).figure, open }, run, how);
  expect(result.readings.map(({ isMet }) => isMet)).toEqual([true, false, undefined, undefined]);
  expect(result).toMatchObject({ outcome: 'partial', problems: ['lost was not measured'] });
});
