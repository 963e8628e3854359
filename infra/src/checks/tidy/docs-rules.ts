import { posix } from 'node:path';
import type { Problem, SourceFile } from './source-files.ts';

const decisions = 'docs/decisions';

/** Links to files of the repository lead to a file or a folder that is there. Links to the web are not followed. */
export function linksResolve(files: readonly SourceFile[]): Problem[] {
  const present = new Set(files.flatMap(({ path }) => [path, ...foldersOf(path)]));
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap((file) =>
      linksOf(file)
        .filter(
          ({ target }) =>
            !present.has(posix.normalize(posix.join(posix.dirname(file.path), target)).replace(/\/$/, '')),
        )
        .map(({ line, target }) => ({ path: file.path, line, message: `the link to ${target} leads nowhere` })),
    );
}

/** A path of a room that a text names between backticks is there. A pattern (`src/{a,b}.ts`, `apps/*`) is not looked up. */
export function namedPathsExist(files: readonly SourceFile[]): Problem[] {
  const present = new Set(files.flatMap(({ path }) => [path, ...foldersOf(path)]));
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) =>
        Array.from(line.matchAll(/`((?:apps|packages|infra|docs)\/[\w./-]+)`/g), ([, named = '']) => named)
          .filter((named) => !present.has(named.replace(/\/$/, '')))
          .map((named) => ({ path, line: index + 1, message: `${named} is not there` })),
      ),
    );
}

/** Decisions are numbered without a gap, and their README lists each. */
export function decisionsAreListed(files: readonly SourceFile[]): Problem[] {
  const index = files.find(({ path }) => path === `${decisions}/README.md`);
  const listed = new Set(index === undefined ? [] : linksOf(index).map(({ target }) => posix.normalize(target)));
  return files
    .filter(({ path }) => path.startsWith(`${decisions}/`) && path !== index?.path)
    .flatMap(({ path }, position) => {
      const name = posix.basename(path);
      const number = String(position + 1).padStart(4, '0');
      const misnumbered = { path, message: `should begin with ${number}-: decisions are numbered in a row` };
      const unlisted = { path, message: `is not listed in ${decisions}/README.md` };
      return [...(name.startsWith(`${number}-`) ? [] : [misnumbered]), ...(listed.has(name) ? [] : [unlisted])];
    });
}

type Link = Readonly<{ line: number; target: string }>;

function linksOf({ text }: SourceFile): Link[] {
  let isCode = false;
  return text.split('\n').flatMap((line, index) => {
    if (line.trimStart().startsWith('```')) isCode = !isCode;
    if (isCode) return [];
    return Array.from(line.matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link)
      .filter((link) => !/^(?:[a-z]+:|#|\/\/)/.test(link))
      .map((link) => ({ line: index + 1, target: link.replace(/#.*$/, '') }));
  });
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
