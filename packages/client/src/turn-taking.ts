export type TakeTurns = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Runs works one after the other, in the order they were given, whether or not the ones before succeeded. */
export function turnTaking(): TakeTurns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}
