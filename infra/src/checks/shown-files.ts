import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Show = (root: string, path: string, other: string) => string;

/** What a comment before a code block asks for. */
const shows: Readonly<Record<string, Show>> = {
  file: (root, path) => readFileSync(join(root, path), 'utf8'),
  part: exportedPart,
  diff: difference,
  test: testOf,
};

/**
 * Fills the code blocks of a Markdown text that show code of this repository, so that what a reader sees is what runs:
 * `<!-- file: path -->` is followed by the file, `<!-- part: path name -->` by what it exports as `name`,
 * `<!-- diff: path path -->` by what differs between two, and `<!-- test: path title -->` by one of its tests.
 */
export function fillShownFiles(text: string, root: string): string {
  return text.replaceAll(
    /(<!-- (file|part|diff|test): (\S+)(?: ([^\n]+?))? -->\n+```\w+\n)[\s\S]*?(```)/g,
    (...[, opening = '', kind = '', path = '', other = '', closing = '']: string[]) =>
      `${opening}${shows[kind]?.(root, path, other) ?? ''}${closing}`,
  );
}

function exportedPart(root: string, path: string, name: string): string {
  const [part] =
    new RegExp(`^export const ${name} = [\\s\\S]*?^\\S.*\n`, 'm').exec(readFileSync(join(root, path), 'utf8')) ?? [];
  if (part === undefined) throw new Error(`${path} exports no ${name} over several lines`);
  return part;
}

function testOf(root: string, path: string, title: string): string {
  const text = readFileSync(join(root, path), 'utf8');
  const begin = text.indexOf(`\ntest('${title}',`) + 1;
  if (begin === 0) throw new Error(`${path} has no test ${title}`);
  return text.slice(begin, text.indexOf('\n});\n', begin) + '\n});\n'.length);
}

/** The changed lines of each place that differs, in the manner of `diff -u`, without its headers. */
function difference(root: string, before: string, after: string): string {
  const { stdout, status } = spawnSync('git', ['diff', '--no-index', '--no-color', '--unified=0', before, after], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0 && status !== 1) throw new Error(`git could not compare ${before} with ${after}`);
  const places = stdout.split(/^@@.*\n/m).slice(1);
  return places.join('\n');
}
