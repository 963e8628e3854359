import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** A file of the repository. `path` is relative to its root, with slashes. */
export type SourceFile = Readonly<{ path: string; text: string }>;

/** What is wrong, and where: `line` counts from 1. */
export type Problem = Readonly<{ path: string; line?: number; message: string }>;

const skippedFolders = new Set(['node_modules', '.git', '.turbo', '.sallyport', '.stryker-tmp', 'dist', 'coverage']);

/** Every text file below `root`. Works without git: a fresh copy has no history. */
export async function readSourceFiles(root: string): Promise<readonly SourceFile[]> {
  const paths = (await pathsBelow(root)).toSorted();
  const files = await Promise.all(
    paths.map(async (path) => ({
      path: relative(root, path).split(sep).join('/'),
      text: await readFile(path, 'utf8'),
    })),
  );
  return files.filter(({ text }) => !text.includes('\0'));
}

async function pathsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : pathsBelow(path);
      return entry.isFile() && !/\.(?:log|tsbuildinfo)$|^\.env$/.test(entry.name) ? [path] : [];
    }),
  );
  return nested.flat();
}

/** The lines that match, as problems. */
export function matchingLines({ path, text }: SourceFile, pattern: RegExp, message: string): Problem[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [{ path, line: index + 1, message }] : []));
}
