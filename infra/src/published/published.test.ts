import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from './bundle.ts';
import { packAuth, type PackedPackage } from './packed-package.ts';
import { expectedTrial, trial } from './trial.ts';

const run = promisify(execFile);
const trialSource = await readFile(join(import.meta.dirname, 'trial.ts'), 'utf8');
const tool = (name: string): string => join(import.meta.dirname, '../../node_modules/.bin', name);
let packed: PackedPackage;

beforeAll(async () => {
  packed = await packAuth();
});

afterAll(() => packed.remove());

test('installed from its tarball it needs three libraries, and tRPC for the one part that knows it', () => {
  expect(Object.keys(packed.manifest.dependencies)).toEqual(['@casl/ability', 'cockatiel', 'jose']);
  expect(Object.keys(packed.manifest.peerDependencies)).toEqual(['@trpc/server']);
  expect(Object.keys(packed.manifest.exports)).toEqual(['.', './policy', './trpc', './testing']);
});

test('both gates work from their sources', async () => {
  expect(await trial()).toEqual(expectedTrial);
});

test('both gates work from the tarball, in an empty folder', async () => {
  await writeFile(join(packed.folder, 'trial.js'), stripTypeScriptTypes(trialSource));
  const print = `console.log(JSON.stringify(await (await import('./trial.js')).trial()))`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', print], { cwd: packed.folder });
  expect(JSON.parse(stdout)).toEqual(expectedTrial);
});

test('its types stand by themselves: no Node types, no skipped checks', async () => {
  await writeFile(join(packed.folder, 'consumer.ts'), trialSource);
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--types', '', '--skipLibCheck', 'false'];
  const how = ['--target', 'es2023', '--lib', 'es2024,esnext.disposable,webworker', '--module', 'nodenext'];
  await expect(run(tool('tsc'), [...options, ...how, 'consumer.ts'], { cwd: packed.folder })).resolves.toBeDefined();
});

test('the adoption that docs/auth-package.md shows compiles against it', async () => {
  const notes = join(import.meta.dirname, '../notes');
  await cp(notes, join(packed.folder, 'notes'), { recursive: true, filter: (path) => !path.includes('.test.') });
  for (const name of ['@trpc/client', '@types/node', 'zod']) {
    const link = join(packed.folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(import.meta.dirname, '../../node_modules', name), link);
  }
  await copyFile(
    join(import.meta.dirname, '../../../tsconfig.base.json'),
    join(packed.folder, 'notes', 'tsconfig.json'),
  );
  await expect(run(tool('tsc'), ['--project', 'notes'], { cwd: packed.folder })).resolves.toBeDefined();
});

const localGate = `
  import { cachingVerifier, followRevocations, localVerifier, openGates, openRequest, remoteKeys } from '@sallyport/auth';
  import { sealRouter, trustTiers } from '@sallyport/auth/trpc';
  export { cachingVerifier, followRevocations, localVerifier, openGates, openRequest, remoteKeys, sealRouter, trustTiers };
`;

test.each([
  ['the package', `export * from '@sallyport/auth'`],
  ['its policy part', `export * from '@sallyport/auth/policy'`],
  ['its tRPC part', `export * from '@sallyport/auth/trpc'`],
  ['its testing part', `export * from '@sallyport/auth/testing'`],
])('%s reaches no module and no global of Node', async (_name, source) => {
  const { code, modules } = await bundle(packed, source, true);
  // cockatiel's, for where there is no `performance`.
  const scanned = code.replaceAll('process.hrtime.bigint', '');
  expect(modules.filter((path) => path.startsWith('node:'))).toEqual([]);
  expect(
    scanned.match(
      /(?:globalThis\.|(?<![.\w$]))(?:Buffer|process|require|setImmediate|__dirname|__filename|global)\b(?!['":])/g,
    ),
  ).toBeNull();
  // But for one thing, which it asks for by name and goes without where it is not: Node's own check of signatures.
  expect(code.match(/\bgetBuiltinModule\b/g)?.length ?? 0).toBeLessThanOrEqual(1);
});

test('the testing part reaches no network', async () => {
  const { code } = await bundle(packed, `export * from '@sallyport/auth/testing'`, true);
  expect(code.match(/\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|importScripts)\b/g)).toBeNull();
});

test('both gates work on an edge runtime', async () => {
  const { code } = await bundle(
    packed,
    `${trialSource}\nexport default { async test() { console.log(JSON.stringify(await trial())) } }`,
  );
  await writeFile(join(packed.folder, 'worker.js'), code);
  await writeFile(
    join(packed.folder, 'workerd.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
     const config :Workerd.Config = (services = [(name = "trial", worker = (
       compatibilityDate = "2026-11-01", modules = [(name = "worker", esModule = embed "worker.js")]))]);`,
  );
  const { stdout } = await run(tool('workerd'), ['test', 'workerd.capnp'], { cwd: packed.folder });
  expect(JSON.parse(stdout)).toEqual(expectedTrial);
});

test('the local gate and tRPC around it are at most 25 kB on an edge runtime, compressed', async () => {
  const { code } = await bundle(packed, localGate, true);
  expect(gzipSync(code).length).toBeLessThanOrEqual(25_000);
});
