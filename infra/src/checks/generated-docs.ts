import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderPublicApi } from './public-api/public-api.ts';
import { fillShownFiles } from './shown-files.ts';
import { renderStandards } from './standards/standards-page.ts';
import { readSourceFiles } from './tidy/source-files.ts';
import { renderTrustMatrix } from './trust-matrix.ts';

type Render = (present: string, root: string) => string | Promise<string>;

/** Documents that are printed from code, or show some of it. */
const documents: Readonly<Record<string, Render>> = {
  'docs/standards.md': async (_present, root) => renderStandards(await readSourceFiles(root)),
  'docs/trust-matrix.md': renderTrustMatrix,
  'docs/auth-package-api.md': renderPublicApi,
  'docs/auth-package.md': fillShownFiles,
  'docs/policy.md': fillShownFiles,
  'docs/testing.md': fillShownFiles,
  'README.md': fillShownFiles,
};

/** Those that do not say what the code says. */
export async function outdatedDocs(root: string): Promise<readonly string[]> {
  const entries = await Promise.all(
    Object.entries(documents).map(async ([path, render]) => {
      const present = await read(root, path);
      return present === (await render(present, root)) ? [] : [path];
    }),
  );
  return entries.flat();
}

export async function writeDocs(root: string): Promise<void> {
  await Promise.all(
    Object.entries(documents).map(async ([path, render]) =>
      writeFile(join(root, path), await render(await read(root, path), root)),
    ),
  );
}

function read(root: string, path: string): Promise<string> {
  return readFile(join(root, path), 'utf8').catch(() => '');
}
