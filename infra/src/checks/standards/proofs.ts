import type { Problem, SourceFile } from '../tidy/source-files.ts';
import type { Standard } from './standard-row.ts';

/** A test whose title names a row. */
export type Proof = Readonly<{ id: string; path: string; line: number; title: string }>;

const ids = String.raw`[A-Z]{3}-\d\d(?:, [A-Z]{3}-\d\d)*`;
const titleWithIds = new RegExp(String.raw`(['"\`])((?:\\.|(?!\1).)*\((${ids})\)(?:\\.|(?!\1).)*)\1`);

/** Titles of tests that end in the ids of rows, e.g. `… is refused (JWT-10, ATP-06)`. */
export function readProofs(files: readonly SourceFile[]): readonly Proof[] {
  return files
    .filter(({ path }) => path.endsWith('.test.ts') && !path.includes('checks/standards/'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((source, index) => {
        const [, , title = '', named = ''] = /^\s*(?:\/\/|\*)/.test(source) ? [] : (titleWithIds.exec(source) ?? []);
        if (named === '') return [];
        return named.split(', ').map((id): Proof => ({ id, path, line: index + 1, title: withoutIds(title) }));
      }),
    );
}

function withoutIds(title: string): string {
  return title
    .replace(new RegExp(String.raw` ?\(${ids}\)`), '')
    .replaceAll(/\\(.)/g, '$1')
    .trim();
}

/** Rows that nothing proves and nothing excuses, rows that both do, and ids that are no row's. */
export function standardProblems(standards: readonly Standard[], proofs: readonly Proof[]): readonly Problem[] {
  const rows = standards.flatMap((standard) => standard.rows);
  const known = new Set<string>(rows.map(({ id }) => id));
  const proven = new Set(proofs.map(({ id }) => id));
  return [
    ...rows.flatMap(({ id, notHere }): Problem[] => {
      if (proven.has(id) === (notHere === undefined)) return [];
      const message =
        notHere === undefined
          ? `${id} has neither a test that names it nor a reason why it does not apply`
          : `${id} is said not to apply, and has a test`;
      return [{ path: 'docs/standards.md', message }];
    }),
    ...proofs
      .filter(({ id }) => !known.has(id))
      .map(({ id, path, line }): Problem => ({ path, line, message: `${id} is no row of a standard` })),
  ];
}
