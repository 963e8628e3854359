import { expect, test } from 'vitest';
import { TryLater } from '../try-later.ts';
import { openLanes } from './hashing-lanes.ts';

/** Work that ends when it is told to. */
function openWork() {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const piece = (index: number) => () =>
    new Promise<number>((resolve) => {
      begun.push(index);
      ends[index] = () => resolve(index);
    });
  return { begun, piece, end: (index: number) => ends[index]?.() };
}

test('no more runs at once than there are lanes; the rest runs in the order it came', async () => {
  const { begun, piece, end } = openWork();
  const lanes = openLanes({ lanes: 2, maxWaiting: 10 });
  const results = [0, 1, 2, 3].map((index) => lanes.run(piece(index)));
  expect(begun).toEqual([0, 1]);
  end(1);
  await results[1];
  await Promise.resolve();
  expect(begun).toEqual([0, 1, 2]);
  end(0);
  await results[0];
  await Promise.resolve();
  expect(begun).toEqual([0, 1, 2, 3]);
  end(2);
  end(3);
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3]);
});

test('what would wait behind a full queue is turned away at once, with 503 and a time', async () => {
  const { begun, piece, end } = openWork();
  const lanes = openLanes({ lanes: 1, maxWaiting: 1 });
  const results = [lanes.run(piece(0)), lanes.run(piece(1))];
  const refused = await lanes.run(piece(2)).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(TryLater);
  expect(refused).toMatchObject({ status: 503, retryAfterSeconds: 1 });
  expect(begun).toEqual([0]);
  end(0);
  await results[0];
  await Promise.resolve();
  end(1);
  expect(await results[1]).toBe(1);
});

test('a piece that fails gives its lane on', async () => {
  const lanes = openLanes({ lanes: 1, maxWaiting: 1 });
  const failing = lanes.run(() => Promise.reject(new Error('no')));
  const next = lanes.run(() => Promise.resolve('next'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('next');
  expect(await lanes.run(() => Promise.resolve('again'))).toBe('again');
});
