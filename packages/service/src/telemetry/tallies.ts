/** What a label says: of a closed set, never a caller's text. */
export type Label = string | number;

/** How often something happened. */
type Tally = { count: number };

/** How often, how much in all, and how many up to each bound; the last place is for what is beyond them all. */
type Spread = { sum: number; counts: number[] };

/** One set of labels that came up. `labels` is `undefined` for all that came up when there were too many. */
type Cell<Value> = Readonly<{ labels: readonly Label[] | undefined; value: Value }>;

type About = Readonly<{ name: string; description: string; labelNames: readonly string[] }>;
export type CountedSeries = About & Readonly<{ kind: 'count'; cells: readonly Cell<Tally>[] }>;
export type MeasuredSeries = About &
  Readonly<{ kind: 'measure'; bounds: readonly number[]; cells: readonly Cell<Spread>[] }>;
export type Series = CountedSeries | MeasuredSeries;

export type Tallies = Readonly<{
  /** Opens a count. What it answers adds one. */
  count: (about: About) => (...labels: Label[]) => void;
  /** Opens a histogram with these upper bounds, in order. What it answers records a value. */
  measure: (about: About & Readonly<{ bounds: readonly number[] }>) => (value: number, ...labels: Label[]) => void;
  /** All that was counted, for whoever reads it. */
  series: readonly Series[];
}>;

/**
 * Counts in plain numbers, each set of labels found by a look-up for each label. OpenTelemetry's instruments hash names and values of all labels at
 * each record, which costs a request more than all else that it counts.
 */
export function openTallies(): Tallies {
  const series: Series[] = [];
  return {
    count: (about) => {
      const { cells, at } = openCells<Tally>(() => ({ count: 0 }));
      series.push({ ...about, kind: 'count', cells });
      return (...labels) => void (at(labels).count += 1);
    },
    measure: (about) => {
      const { bounds } = about;
      const { cells, at } = openCells<Spread>(() => ({
        sum: 0,
        counts: Array.from({ length: bounds.length + 1 }, () => 0),
      }));
      series.push({ ...about, kind: 'measure', cells });
      return (value, ...labels) => {
        const spread = at(labels);
        let place = 0;
        while (place < bounds.length && value > (bounds[place] ?? 0)) place += 1;
        spread.counts[place] = (spread.counts[place] ?? 0) + 1;
        spread.sum += value;
      };
    },
    series,
  };
}

/** As OpenTelemetry's own limit: the last of them is for all further ones. */
const maxCells = 2000;

type Branch<Value> = { value?: Value; readonly branches: Map<Label, Branch<Value>> };

function openCells<Value>(empty: () => Value) {
  const cells: Cell<Value>[] = [];
  const root: Branch<Value> = { branches: new Map() };
  let overflow: Value | undefined;

  function open(labels: readonly Label[]): Value {
    if (cells.length >= maxCells - 1) return (overflow ??= added(undefined));
    let branch = root;
    for (const label of labels) {
      const next = branch.branches.get(label) ?? { branches: new Map() };
      branch.branches.set(label, next);
      branch = next;
    }
    return (branch.value = added(labels));
  }

  function added(labels: readonly Label[] | undefined): Value {
    const value = empty();
    cells.push({ labels, value });
    return value;
  }

  return {
    cells,
    at: (labels: readonly Label[]): Value => {
      let branch: Branch<Value> | undefined = root;
      for (const label of labels) branch = branch?.branches.get(label);
      return branch?.value ?? open(labels);
    },
  };
}
