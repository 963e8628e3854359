import { afterAll, beforeAll, expect, test } from 'vitest';
import { runStep, type StepReport } from '../demo/step.ts';
import { tellStory } from '../demo/story.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import { startTestSystem } from '../testing/system.ts';

let system: TemporarySystem;

beforeAll(async () => {
  system = await startTestSystem();
});

afterAll(() => system.close());

test('the story of the demo goes as it must, each step behind its gate', async () => {
  const reports: StepReport[] = [];
  await tellStory(system, async (step, work) => {
    reports.push(await runStep(step, work, system.log));
  });
  expect(reports.map(({ step, gate }) => [step, gate])).toEqual([
    ['sign up', 'no gate'],
    ['sign in', 'no gate'],
    ['browse the catalog', 'local gate (local)'],
    ['look at what I sell', 'local gate (local)'],
    ['try to pay', 'fresh gate'],
    ['enrol a second factor', 'fresh gate (fresh)'],
    ['step up with a TOTP code, top up', 'fresh gate (fresh+mfa)'],
    ['pay', 'fresh gate (fresh+mfa)'],
    ['sign out elsewhere: a laptop ends this session', 'fresh gate (fresh)'],
    ['the very next payment', 'fresh gate'],
    ['catalog, with the same session', 'local gate'],
    ['replay an old refresh token', 'no gate'],
  ]);
});
