import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packAuth, type PackedPackage } from './packed-package.ts';
import { expectedTrial } from './trial.ts';

const run = promisify(execFile);
let packed: PackedPackage;
let folder: string;

// npm asks its registry, which is why this is no part of `pnpm test`.
beforeAll(async () => {
  packed = await packAuth();
  folder = await mkdtemp(join(tmpdir(), 'sallyport-adopter-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  const packages = [packed.tarball, '@trpc/server@11'];
  await run('npm', ['install', '--no-audit', '--no-fund', ...packages], { cwd: folder });
  const source = await readFile(join(import.meta.dirname, 'trial.ts'), 'utf8');
  await writeFile(join(folder, 'trial.js'), stripTypeScriptTypes(source));
  await writeFile(
    join(folder, 'run-trial.js'),
    `import { trial } from './trial.js';
     console.log(JSON.stringify({ version: process.versions.node, outcomes: await trial() }));`,
  );
}, 300_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
  await packed.remove();
});

// The oldest that the manifest promises, and the newest of its line.
test.each(['22.0.0', '22'])('both gates work on Node %s, installed by npm', { timeout: 300_000 }, async (version) => {
  const { stdout } = await run('npx', ['--yes', `node@${version}`, 'run-trial.js'], { cwd: folder });
  expect(JSON.parse(stdout)).toMatchObject({
    version: expect.stringMatching(new RegExp(`^${version}`)),
    outcomes: expectedTrial,
  });
});
