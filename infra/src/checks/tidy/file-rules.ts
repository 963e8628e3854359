import { longFiles } from './long-files.ts';
import type { Problem, SourceFile } from './source-files.ts';

const maxLines = 300;
const namelessNames = new Set(['utils', 'util', 'common', 'shared', 'lib', 'helpers', 'helper', 'types', 'misc']);
const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)*$/;
// Names that a convention outside of this repository chose.
const conventional = /^(?:README|SECURITY|LICENSE|CONTRIBUTING|CHANGELOG|Dockerfile|AGENTS|CLAUDE)(?:\.[a-z]+)?$/;

export function namesAreKebabCase(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => !isGenerated(path))
    .flatMap(({ path }) =>
      path
        .split('/')
        .filter((name) => !kebabCase.test(name.replace(/^\./, '')) && !conventional.test(name))
        .map((name) => ({ path, message: `"${name}" is not kebab-case` })),
    );
}

export function namesSaySomething(files: readonly SourceFile[]): Problem[] {
  return files.flatMap(({ path }) =>
    path
      .split('/')
      .filter((name) => namelessNames.has(name.split('.')[0] ?? ''))
      .map((name) => ({ path, message: `"${name}" says nothing: name it after what it is for` })),
  );
}

export function longFilesHaveAReason(files: readonly SourceFile[]): Problem[] {
  const long = files.filter(({ path, text }) => isSource(path) && lineCount(text) > maxLines);
  const unexplained = long
    .filter(({ path }) => longFiles[path] === undefined)
    .map(({ path, text }) => ({
      path,
      message: `${lineCount(text)} lines: over ${maxLines} needs a reason in tidy/long-files.ts`,
    }));
  const outdated = Object.keys(longFiles)
    .filter((path) => !long.some((file) => file.path === path))
    .map((path) => ({ path, message: `is not over ${maxLines} lines (any more): remove it from tidy/long-files.ts` }));
  return [...unexplained, ...outdated];
}

export function onlyPackagesHaveAnIndex(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => /(?:^|\/)index\.[jt]s$/.test(path) && !/^packages\/[^/]+\/src\/index\.ts$/.test(path))
    .map(({ path }) => ({
      path,
      message: 'a package has one index.ts, at the top of its src, and nothing else has any',
    }));
}

function isSource(path: string): boolean {
  return /\.(?:ts|sh|md)$/.test(path) && !isGenerated(path);
}

// What drizzle-kit and pnpm write.
function isGenerated(path: string): boolean {
  return /(?:^|\/)migrations\//.test(path) || path === 'pnpm-lock.yaml';
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}
