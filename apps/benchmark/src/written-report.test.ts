import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderChart } from './chart-svg.ts';
import type { ContestantResult, FigureResult } from './figure-result.ts';
import { describeFigure } from './text-report.ts';
import { assertPageIsWritable, renderReport } from './written-report.ts';

const spread = { q1: 90, median: 100, q3: 110 };
const contestant = (name: string): ContestantResult => ({
  name,
  perSecond: spread,
  latency: { p50: { q1: 1, median: 1, q3: 1 }, p95: { q1: 2, median: 2, q3: 2 }, p99: { q1: 4, median: 4, q3: 4 } },
  rounds: [],
});
const missed: FigureResult = {
  id: 'B4',
  title: 'a against b',
  outcome: 'partial',
  problems: ['not saturated: a used 50 % of its core'],
  contestants: [contestant('a'), contestant('b <limit>')],
  ratios: [
    {
      of: 'a',
      over: 'b',
      measure: 'perSecond',
      bound: { atLeast: 2 },
      limit: 'c',
      limitRatio: { q1: 1.4, median: 1.5, q3: 1.6 },
      ratio: { q1: 0.9, median: 1, q3: 1.1 },
      isMet: false,
    },
  ],
  readings: [],
  charts: [{ name: 'a-and-b', title: 'a & b', shows: 'latency' }],
  notes: ['b is the limit.'],
  seconds: 1,
};
const machine = { measuredAt: '2026-11-21', machine: '2 × Processor', pinning: 'Pinned.', versions: { node: '26' } };

test('a goal that is missed says so, in the terminal and on the page, and so does a comparison that is not complete', () => {
  const page = renderReport({ ...machine, quick: false, rounds: 9, figures: [missed] });
  expect(describeFigure(missed)).toMatch(
    /^B4 .*\(partial.*MISSED +a ÷ b, rate +1\.00 \(0\.90–1\.10\) +≥ 2.*! not saturated/s,
  );
  expect(page).toContain('| B4 | a ÷ b, rate | 1.00 (0.90–1.10) | ≥ 2 | MISSED | c: 1.50 (1.40–1.60) |');
  expect(page).toContain('**partial**: not saturated: a used 50 % of its core');
});

test('the page names machine, versions and commands, and shows figures by number with their pictures and notes', () => {
  const later: FigureResult = { ...missed, id: 'B10', charts: [] };
  const page = renderReport({ ...machine, quick: false, rounds: 9, figures: [later, missed] });
  expect(page).toMatch(/2026-11-21, 2 × Processor.*9 rounds.*node 26.*npx pnpm bench.*## B4.*## B10/s);
  expect(page).toContain('![a & b](benchmarks/a-and-b.svg)');
  expect(page).toContain('- b is the limit.');
});

test('a picture has a bar for each percentile, as long as it lasts, and escapes names', () => {
  const [chart] = missed.charts;
  if (chart === undefined) throw new Error('There is a chart.');
  const svg = renderChart(chart, missed.contestants);
  const widths = Array.from(svg.matchAll(/width="([\d.]+)" height="20"/g), ([, width]) => Number(width));
  expect(widths).toEqual([500, 250, 125, 500, 250, 125]);
  expect(svg).toContain('b &lt;limit&gt;');
  expect(svg).toContain('a &amp; b');
  expect(svg).toContain('1 / 2 / 4');
});

test('a picture shows the contestants that it is about', () => {
  const svg = renderChart(
    { name: 'rates', title: 'Rates', shows: 'perSecond', contestants: ['a'] },
    missed.contestants,
  );
  expect([svg.includes('>a<'), svg.includes('limit')]).toEqual([true, false]);
});

test('a page that could not be written at the end is said before a run begins', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-page-'));
  await assertPageIsWritable(folder);
  await writeFile(join(folder, 'benchmarks.md'), 'the last one');
  await assertPageIsWritable(folder);
  await rm(folder, { recursive: true });
  await expect(assertPageIsWritable(folder)).rejects.toThrow(`${folder} cannot be written. A full run writes a page`);
});
