import type { Round } from '../figure.ts';
import { takeOrders } from '../orders.ts';

/** What is done over and over. Throws or rejects when its outcome is not the right one. */
export type Operation = () => unknown;

const batch = 100;

/** The inside of a contestant that does its work in its own process: the operation, one after the other, for as long as it is told. */
export async function offerRounds(
  contestants: Readonly<Record<string, () => Operation | Promise<Operation>>>,
): Promise<void> {
  const open = contestants[process.env['CONTESTANT'] ?? ''];
  if (open === undefined) throw new Error(`There is no contestant ${process.env['CONTESTANT']}.`);
  const operation = await open();
  await operation();
  takeOrders({ round: ({ forMs }: { forMs: number }) => work(operation, forMs) });
}

/** A quarter of it is not counted: after others' turns a process has its code and its memory to fetch back, and the more of both the longer. */
async function work(operation: Operation, forMs: number): Promise<Round> {
  await workFor(operation, forMs / 4);
  const { done, ms } = await workFor(operation, (forMs * 3) / 4);
  return { perSecond: (done / ms) * 1000 };
}

async function workFor(operation: Operation, forMs: number): Promise<Readonly<{ done: number; ms: number }>> {
  const startedAtMs = performance.now();
  let done = 0;
  let ms = 0;
  while (ms < forMs) {
    for (let index = 0; index < batch; index += 1) {
      const outcome = operation();
      // What answers at once is not made to wait for a turn of the queue.
      if (outcome instanceof Promise) await outcome;
    }
    done += batch;
    ms = performance.now() - startedAtMs;
  }
  return { done, ms };
}
