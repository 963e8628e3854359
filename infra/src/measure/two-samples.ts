/** What two samples of times say of each other. */
export type Compared = Readonly<{
  /**
   * Area under the ROC curve (Mann–Whitney): how often one drawn from `b` is the longer one. 0.5 is "no telling"; 0 and 1 are
   * "always".
   */
  auc: number;
  /** Median of `b` less median of `a`, in their unit. */
  medianGap: number;
}>;

/** Compares by ranks; equal values share theirs. Pure. */
export function compareSamples(a: readonly number[], b: readonly number[]): Compared {
  const pooled = [...a.map((value) => ({ value, isB: false })), ...b.map((value) => ({ value, isB: true }))];
  pooled.sort((one, other) => one.value - other.value);
  let rankSum = 0;
  for (let start = 0; start < pooled.length;) {
    let end = start;
    while (end < pooled.length && pooled[end]?.value === pooled[start]?.value) end += 1;
    const sharedRank = (start + 1 + end) / 2;
    rankSum += sharedRank * pooled.slice(start, end).filter(({ isB }) => isB).length;
    start = end;
  }
  const auc = (rankSum - (b.length * (b.length + 1)) / 2) / (a.length * b.length);
  return { auc, medianGap: quantile(b, 0.5) - quantile(a, 0.5) };
}

/** The value that `share` of the sample does not exceed. NaN of nothing. */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
