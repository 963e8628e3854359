import { exportedNames, type ExportedName } from './exported-names.ts';

/** What `packages/auth` offers, by import. */
const entries = [
  ['@sallyport/auth', 'packages/auth/src/index.ts'],
  ['@sallyport/auth/policy', 'packages/auth/src/policy-rules.ts'],
  ['@sallyport/auth/trpc', 'packages/auth/src/trpc.ts'],
  ['@sallyport/auth/testing', 'packages/auth/src/testing.ts'],
] as const;

/** Exported names of `packages/auth` without a doc comment. */
export function undocumentedNames(root: string): readonly string[] {
  return entries.flatMap(([, path]) =>
    exportedNames(root, path)
      .filter(({ comment }) => comment === undefined || comment === '')
      .map((name) => `${name.path}: ${name.name} is exported and has no doc comment`),
  );
}

/** `docs/auth-package-api.md`: one row per exported name. */
export function renderPublicApi(_present: string, root: string): string {
  return [
    '# What `packages/auth` exports',
    '',
    '<!-- Printed from the doc comments by `npx pnpm docs:write`; `npx pnpm test` fails when it is out of date. -->',
    '',
    'The first sentence of every doc comment. The rest of it, in the file: units, errors, sources, and what is not checked. How',
    'the parts go together is in [auth-package.md](auth-package.md).',
    '',
    ...entries.flatMap(([name, path]) => [
      `## \`${name}\``,
      '',
      ...table(exportedNames(root, path).toSorted((one, other) => (one.name < other.name ? -1 : 1))),
      '',
    ]),
  ].join('\n');
}

function table(names: readonly ExportedName[]): string[] {
  const rows = names.map(({ name, kind, path, comment = '' }) => [
    `\`${name}\``,
    kind,
    firstSentence(comment),
    `[${path.slice(path.lastIndexOf('/') + 1)}](../${path})`,
  ]);
  const header = ['name', 'kind', 'what', 'file'];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(header), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)];
}

function firstSentence(comment: string): string {
  const text = comment.replaceAll('\n', ' ').replaceAll('|', '\\|').replaceAll(/ {2,}/g, ' ');
  const [sentence = text] = /^.*?\.(?= |$)/.exec(text) ?? [];
  return sentence.replace(/\.$/, '');
}
