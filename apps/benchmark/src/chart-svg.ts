import type { ContestantResult } from './figure-result.ts';
import type { Chart } from './figure.ts';
import { short } from './text-report.ts';

const size = { width: 860, left: 250, right: 110, top: 64, row: 34 } as const;
const percentiles = [
  { which: 'p99', colour: '#9ecae1' },
  { which: 'p95', colour: '#4292c6' },
  { which: 'p50', colour: '#08306b' },
] as const;

/** A picture of a figure's contestants: a bar for each rate, or for each percentile one behind the other. Drawn on white, for pages of any colour. */
export function renderChart({ title, shows, contestants }: Chart, results: readonly ContestantResult[]): string {
  const drawn = contestants === undefined ? results : results.filter(({ name }) => contestants.includes(name));
  const longest = Math.max(
    ...drawn.map((result) => (shows === 'perSecond' ? result.perSecond.median : (result.latency?.p99.median ?? 0))),
  );
  const widthOf = (value: number) => (value / longest) * (size.width - size.left - size.right);
  const height = size.top + drawn.length * size.row + 20;
  const rows = drawn.flatMap((result, index) => {
    const y = size.top + index * size.row;
    const bars = shows === 'perSecond' ? rateBars(result) : latencyBars(result);
    return [
      text({ x: size.left - 10, y: y + 18, anchor: 'end' }, result.name),
      ...bars.map(
        ({ value, colour }) =>
          `<rect x="${size.left}" y="${y + 4}" width="${widthOf(value).toFixed(1)}" height="20" fill="${colour}"/>`,
      ),
      text(
        { x: size.left + widthOf(bars[0]?.value ?? 0) + 8, y: y + 18 },
        bars
          .map(({ label }) => label)
          .toReversed()
          .join(' / '),
      ),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${size.width}" height="${height}" fill="#ffffff"/>`,
    `<text x="20" y="28" font-size="16" font-weight="600">${escape(title)}</text>`,
    text({ x: 20, y: 48 }, shows === 'perSecond' ? 'a second, medians' : 'ms, p50 / p95 / p99, medians of the rounds'),
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

type Bar = Readonly<{ value: number; colour: string; label: string }>;

function rateBars({ perSecond: { median } }: ContestantResult): readonly Bar[] {
  return [{ value: median, colour: '#4292c6', label: short(median) }];
}

/** The longest first, so that the shorter lie in front of it. */
function latencyBars({ latency }: ContestantResult): readonly Bar[] {
  if (latency === undefined) return [];
  return percentiles.map(({ which, colour }) => {
    const { median: value } = latency[which];
    return { value, colour, label: short(value) };
  });
}

function text(
  { x, y, anchor = 'start' }: Readonly<{ x: number; y: number; anchor?: string }>,
  content: string,
): string {
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
