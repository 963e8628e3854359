import type { Problem, SourceFile } from './source-files.ts';

/** Files that may write a principal down, each with the reason. */
const forgers: Readonly<Record<string, string>> = {
  'apps/payments/src/testing/books.ts': 'the ledger is tested by the thousand, without gates in front of it',
};

const principal = String.raw`(?:[\w$.]+\s*<\s*)*\w*Principal\b`;
const forgeries: readonly Readonly<{ pattern: RegExp; message: string }>[] = [
  {
    // Also over several casts and lines: `x as unknown as Principal<'fresh'>`, `x as Readonly<Principal>`.
    pattern: new RegExp(String.raw`\bas\s+(?:[\w$.]+\s+as\s+)*${principal}`, 'g'),
    message: 'a cast to a principal: only a gate makes one',
  },
  {
    pattern: new RegExp(String.raw`(?<![\w$.])<\s*${principal}[^;{}]*?>\s*[\w({[]`, 'g'),
    message: 'a cast to a principal: only a gate makes one',
  },
  {
    pattern: /\b[A-Z]\w*Principal\s+as\s+\w|\bPrincipal\s+as\s+\w/g,
    message: 'a principal under another name: casts to it would not be seen',
  },
  {
    pattern: /\.\.\.\s*(?:\w+\.)*principal\b(?!\.)/g,
    message: 'a copied principal: what is changed in it was never admitted. Pass it on whole',
  },
  {
    pattern: /\badmit(?:User|Service)\b/g,
    message: 'only authorize.ts admits',
  },
];

const maySayAdmit = new Set(['packages/auth/src/authorize.ts', 'packages/auth/src/principal.ts']);

/**
 * Nobody writes a principal down, in tests neither. `typescript/no-unsafe-type-assertion` sees every cast in sources, through
 * aliases too; this sees the plain ones everywhere, also where that rule is off or was switched off.
 */
export function principalsAreNotForged(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(({ path }) => path.endsWith('.ts') && !path.startsWith('infra/src/checks/') && !(path in forgers))
    .flatMap(({ path, text }) =>
      forgeries
        .filter(({ pattern }) => !(pattern.source.includes('admit') && maySayAdmit.has(path)))
        .flatMap(({ pattern, message }) =>
          Array.from(text.matchAll(pattern), ({ index }) => ({
            path,
            line: text.slice(0, index).split('\n').length,
            message,
          })),
        ),
    );
}
