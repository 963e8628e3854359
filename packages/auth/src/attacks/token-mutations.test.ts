import { expect, test } from 'vitest';
import { runMutations } from './mutation-run.ts';

const objectBefore = Object.getOwnPropertyNames(Object.prototype);

test('a thousand distinct bad tokens: none accepted, no crash, one answer (a hundred thousand in pnpm test:deep)', async () => {
  const { shown, otherAnswers, reasons } = await runMutations(1000, 3);
  expect({ shown, otherAnswers }).toEqual({ shown: 1000, otherAnswers: [] });
  // It reaches the rules: what it did not ask for, it did not prove.
  const reached = ['token_algorithm', 'token_audience', 'token_claims', 'token_header_refused', 'token_issuer'];
  const andMore = ['token_key_unknown', 'token_malformed', 'token_signature', 'token_type'];
  expect(Array.from(reasons.keys())).toEqual(expect.arrayContaining([...reached, ...andMore]));
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(objectBefore);
});
