import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { array, assert, asyncProperty, nat } from 'fast-check';
import { expect, test } from 'vitest';
import { startTogether } from './start-together.ts';

test('whatever arrives when, each is started once, in the order of arrival, and none before all of its turn have arrived', async () => {
  await assert(
    asyncProperty(array(nat(5)), async (turns) => {
      const events: string[] = [];
      const arrive = startTogether<string>((item) => events.push(`started ${item}`));
      const expected: string[] = [];
      for (const [number, arrivals] of turns.entries()) {
        const items = Array.from({ length: arrivals }, (_, index) => `${number}.${index}`);
        for (const item of items) {
          events.push(`arrived ${item}`);
          arrive(item);
        }
        await turn();
        expected.push(...items.map((item) => `arrived ${item}`), ...items.map((item) => `started ${item}`));
      }
      expect(events).toEqual(expected);
    }),
  );
});

test('each takes its first step before any takes its second', async () => {
  const steps: string[] = [];
  const arrive = startTogether<string>((item) => {
    steps.push(`${item} first`);
    void Promise.resolve().then(() => steps.push(`${item} second`));
  });
  for (const item of ['one', 'two']) arrive(item);
  await turn();
  expect(steps).toEqual(['one first', 'two first', 'one second', 'two second']);
});

test('what arrives while others start is started in the next turn', async () => {
  const started: string[] = [];
  const arrive = startTogether<string>((item) => {
    started.push(item);
    if (item === 'first') arrive('second');
  });
  arrive('first');
  await turn();
  expect(started).toEqual(['first']);
  await turn();
  expect(started).toEqual(['first', 'second']);
});

test('nobody is started in the context of another who arrived with them', async () => {
  const caller = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const arrive = startTogether<string>(() => seen.push(caller.getStore()));
  caller.run('ada', () => arrive('hers'));
  arrive('his');
  await turn();
  expect(seen).toEqual([undefined, undefined]);
});
