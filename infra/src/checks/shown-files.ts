import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Fills the code blocks of a Markdown text that show files of this repository: `<!-- file: path -->` is followed by the file,
 * `<!-- diff: path path -->` by what differs between two. So what a reader sees is what runs.
 */
export function fillShownFiles(text: string, root: string): string {
  return text.replaceAll(
    /(<!-- (file|diff): (\S+)(?: (\S+))? -->\n+```\w+\n)[\s\S]*?(```)/g,
    (...[, opening = '', kind, path = '', other = '', closing = '']: string[]) =>
      `${opening}${kind === 'file' ? readFileSync(join(root, path), 'utf8') : difference(root, path, other)}${closing}`,
  );
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
