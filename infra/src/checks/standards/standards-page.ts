import type { SourceFile } from '../tidy/source-files.ts';
import { type Proof, readProofs } from './proofs.ts';
import type { Standard, StandardRow } from './standard-row.ts';
import { standards } from './standards.ts';

/** `docs/standards.md`: every row, and the tests that name it. */
export function renderStandards(files: readonly SourceFile[]): string {
  const proofs = readProofs(files);
  const rows = standards.flatMap((standard) => standard.rows);
  const applying = rows.filter(({ notHere }) => notHere === undefined);
  return [
    '# Standards',
    '',
    '<!-- Printed from infra/src/checks/standards and the titles of tests by `npx pnpm docs:write`; `npx pnpm test` fails when it is out of date. -->',
    '',
    'What standards, and the bugs of others, ask of a system like this one, and the test that shows that it holds. A row',
    'without a test fails `npx pnpm test`, unless it says why it does not apply.',
    '',
    `${applying.length} of ${rows.length} rows apply.`,
    ...standards.flatMap((standard) => section(standard, proofs)),
    '',
  ].join('\n');
}

function section({ title, rows }: Standard, proofs: readonly Proof[]): string[] {
  return [
    '',
    `## ${title}`,
    '',
    '| row | where | asked | shown by |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row.id} | ${row.where}, ${row.level} | ${row.asked} | ${shownBy(row, proofs)} |`),
  ];
}

const namedAtMost = 3;

function shownBy({ id, notHere }: StandardRow, proofs: readonly Proof[]): string {
  if (notHere !== undefined) return `does not apply: ${notHere}`;
  const own = proofs.filter((proof) => proof.id === id);
  const named = own.slice(0, namedAtMost).map(({ path, title }) => `[${cell(title)}](../${path})`);
  const more = own.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join('; ');
}

function cell(title: string): string {
  return title.replaceAll('|', '\\|').replaceAll(/[[\]<>`]/g, (sign) => `\\${sign}`);
}
