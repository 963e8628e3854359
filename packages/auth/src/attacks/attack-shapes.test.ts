import { afterAll, expect, test } from 'vitest';
import { algorithmShapes } from './algorithm-shapes.ts';
import { claimRuleShapes } from './claim-rule-shapes.ts';
import { openForge } from './forge.ts';
import { headerRuleShapes } from './header-shapes.ts';
import { postSentry, refusedRequest, refusedToken } from './sentry.ts';
import { spellingShapes } from './spelling-shapes.ts';

const forge = await openForge();
const sentry = await postSentry(forge);
const objectBefore = Object.getOwnPropertyNames(Object.prototype);
afterAll(sentry.close);

const shapes = [...algorithmShapes, ...headerRuleShapes, ...claimRuleShapes, ...spellingShapes].map(
  ([name, make, heard]) => ({ name, make, heard }),
);

test('a good token of the forge is admitted by both gates, so what is refused is refused for its shape', async () => {
  expect(await sentry.local(forge.good())).toMatchObject({ heard: 'admitted' });
  expect(await sentry.fresh(forge.good())).toMatchObject({ heard: 'admitted' });
  const parts = [JSON.stringify(forge.goodHeader), JSON.stringify(forge.goodClaims())] as const;
  expect(await sentry.local(forge.signedParts(...parts))).toMatchObject({ heard: 'admitted' });
});

test('there are at least sixty shapes, each with a name of its own', () => {
  expect(shapes.length).toBeGreaterThanOrEqual(60);
  const names = shapes.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test.each(shapes)('refused like any other bad token (ATP-09): $name', async ({ make, heard }) => {
  const tokens = make(forge);
  expect(tokens.length).toBeGreaterThan(0);
  const answers = new Set<string>();
  for (const token of tokens) answers.add((await sentry.local(token)).heard).add((await sentry.fresh(token)).heard);
  expect(answers).toEqual(new Set([heard === 'invalid_request' ? refusedRequest : refusedToken]));
});

test('what the issuer did sign is refused for what it says, not for its signature', async () => {
  const bySignature: string[] = [];
  for (const [name, make] of [...headerRuleShapes, ...claimRuleShapes])
    for (const token of make(forge))
      if ((await sentry.local(token)).reason === 'token_signature') bySignature.push(name);
  expect(bySignature).toEqual(['header of one good token, claims of another']);
});

test('no attack left anything on Object.prototype', () => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(objectBefore);
  expect(Object.keys({})).toEqual([]);
});
