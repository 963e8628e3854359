import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { OperatorError } from '../operator-error.ts';
import { repositoryRoot } from '../repository.ts';

const run = promisify(execFile);

const manifestShape = z.looseObject({
  exports: z.record(z.string(), z.strictObject({ types: z.string(), default: z.string() })),
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
});

/** A package as `pnpm publish` would send it. */
export type PackedPackage = Readonly<{
  tarball: string;
  /** Empty but for the package, unpacked in `node_modules`, and what its manifest asks for. */
  folder: string;
  /** Paths below the package's own folder, sorted. */
  files: readonly string[];
  manifest: z.output<typeof manifestShape>;
  remove: () => Promise<void>;
}>;

const name = '@sallyport/auth';
const source = join(repositoryRoot, 'packages/auth');

/** Builds and packs `packages/auth`, and installs the tarball into an empty folder, without a network. */
export async function packAuth(): Promise<PackedPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-packed-'));
  await run('pnpm', ['pack', '--out', join(folder, 'package.tgz')], { cwd: source }).catch((error: unknown) => {
    const said =
      error instanceof Error && 'stdout' in error ? String(error.stdout) : 'Is pnpm there, as by `npx pnpm`?';
    throw new OperatorError(`${name} could not be packed. ${said}`, { cause: error });
  });
  const tarball = join(folder, 'package.tgz');
  const unpacked = join(folder, 'node_modules', name);
  await mkdir(unpacked, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
  const manifest = manifestShape.parse(JSON.parse(await readFile(join(unpacked, 'package.json'), 'utf8')));
  for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    const link = join(folder, 'node_modules', dependency);
    await mkdir(dirname(link), { recursive: true });
    await symlink(await realpath(join(source, 'node_modules', dependency)), link);
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  const entries = await readdir(unpacked, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(unpacked.length + 1));
  return { tarball, folder, files: files.toSorted(), manifest, remove: () => rm(folder, { recursive: true }) };
}
