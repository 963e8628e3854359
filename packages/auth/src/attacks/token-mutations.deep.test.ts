import { expect, test } from 'vitest';
import { runMutations } from './mutation-run.ts';

const seed = Number(process.env['SALLYPORT_SEED'] ?? Date.now() % 2 ** 32);
const objectBefore = Object.getOwnPropertyNames(Object.prototype);

test(`a hundred thousand distinct bad tokens (SALLYPORT_SEED=${seed}): none accepted, no crash, one answer`, async () => {
  const say = (text: string): boolean => process.stdout.write(`${text}\n`);
  say(`SALLYPORT_SEED=${seed} makes the same mutations again.`);
  const { shown, otherAnswers, reasons } = await runMutations(100_000, seed, (done) =>
    say(`${done} bad tokens refused`),
  );
  expect({ shown, otherAnswers }).toEqual({ shown: 100_000, otherAnswers: [] });
  const rare = ['token_bound', 'token_expired', 'token_from_the_future', 'token_lifetime'];
  expect(Array.from(reasons.keys())).toEqual(expect.arrayContaining(rare));
  say(Array.from(reasons, ([reason, count]) => `${reason} ${count}`).join(', '));
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(objectBefore);
});
