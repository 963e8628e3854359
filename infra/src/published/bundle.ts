import { build } from 'esbuild';
import type { PackedPackage } from './packed-package.ts';

export type Bundle = Readonly<{
  code: string;
  /** Every module that is part of it, relative to the folder of the package. */
  modules: readonly string[];
}>;

/**
 * One ES module out of `source`, which imports the packed package, as an edge platform's bundler makes it. A module of Node
 * in the path is an error here: `neutral` knows none.
 */
export async function bundle(packed: PackedPackage, source: string, minify = false): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: packed.folder, loader: 'ts' },
    absWorkingDir: packed.folder,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'import'],
    mainFields: ['module', 'main'],
    target: 'es2022',
    legalComments: 'none',
    minify,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return { code: outputFiles.map(({ text }) => text).join(''), modules: Object.keys(metafile.inputs) };
}
