import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminCalls } from '../command-line/commands.ts';
import { demoPassword, grace } from '../demo-users.ts';
import { openAdministrator } from '../levers/administrator.ts';
import { levers, measureLever, stealToken } from '../levers/levers.ts';
import { repositoryRoot } from '../repository.ts';
import { startTestSystem, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
let admin: AdminCalls;

beforeAll(async () => {
  system = await startTestSystem();
  admin = await openAdministrator(system.urls);
});
afterAll(() => system.close());

const signIn = () => stealToken(system.urls, { email: grace.email, password: demoPassword });
const answered = { answered: {} };

test.each(Object.entries(levers))(
  '%s holds at catalog within its promised time, and its runbook quotes that',
  async (name, lever) => {
    const stolen = await signIn();
    expect(await stolen.read()).toMatchObject(answered);
    const pull = { admin, stolen, urls: system.urls };
    expect(await measureLever(lever, pull)).toBeLessThanOrEqual(lever.promisedMs);
    await lever.release?.(pull);

    const page = await readFile(join(repositoryRoot, 'docs/runbooks', lever.page), 'utf8');
    expect(page).toContain(`pnpm sallyport ${name} `);
    expect(page).toMatch(new RegExp(`\`${name}\`.*measured [0-9]+ ms.*promised ${lever.promisedMs / 1000} s`));
  },
);
