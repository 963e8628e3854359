import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Starts what arrived in one turn of the event loop behind all that is read in it, and together: each then takes the same step before any
 * takes the next one, and the processor finds the step's code in its caches. Whoever arrives alone waits for nobody, only until the other
 * connections were looked at. `start` must not throw. An `AsyncLocalStorage` holds what it held when this was called, whoever arrives.
 */
export function startTogether<Item>(start: (item: Item) => void): (item: Item) => void {
  const outside = AsyncLocalStorage.snapshot();
  let arrived: Item[] = [];
  const startAll = (): void => {
    const items = arrived;
    arrived = [];
    outside(() => items.forEach(start));
  };
  return (item) => {
    if (arrived.push(item) === 1) setImmediate(startAll);
  };
}
