import { expect, test } from 'vitest';
import { longFiles } from './long-files.ts';
import { rules } from './rules.ts';

// Taken apart, so that the rules do not find them here.
const [only, registry, disable] = ['.only', 'registry', 'oxlint-disable-next-line'];

const bad: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'names are kebab-case': { 'apps/auth/src/TokenSet.ts': '' },
  'names say something': { 'apps/auth/src/utils/x.ts': '' },
  'long files have a reason': { 'apps/auth/src/long.ts': 'x\n'.repeat(301) },
  'one index.ts per package': { 'apps/auth/src/index.ts': '' },
  'only errors are classes': { 'apps/auth/src/x.ts': 'export class Box {\n}' },
  'no path of one machine': { 'docs/x.md': `see ${['', 'home', 'me'].join('/')}` },
  'no package registry': { '.npmrc': `x=https://${registry}.example.org/` },
  'no test is left out silently': { 'apps/auth/src/x.test.ts': `test${only}('x', () => {});` },
  'rules are switched off with a reason': { 'apps/auth/src/x.ts': `// ${disable} no-console` },
  'principals are not forged': { 'apps/auth/src/x.test.ts': `pay(x as unknown as Principal<'fresh+mfa'>)` },
  'links in documents resolve': { 'docs/x.md': 'see [y](./y.md)' },
  'paths that documents name are there': { 'docs/x.md': 'see `apps/auth/src/gone.ts`' },
  'decisions are numbered and listed': { 'docs/decisions/0002-late.md': '', 'docs/decisions/README.md': '' },
};

const good = [
  ...Object.keys(longFiles).map((path) => ({ path, text: 'x\n'.repeat(301) })),
  { path: 'README.md', text: 'see [x](docs/x.md#part), [web](https://example.org)\n```\n[not a link](nowhere)\n```' },
  {
    path: 'docs/x.md',
    text: '[up](../README.md) [folder](decisions/) `packages/db/` `packages/db/src/{x,y}.ts` `apps/*`',
  },
  { path: 'docs/decisions/README.md', text: '- [first](./0001-first.md)' },
  { path: 'docs/decisions/0001-first.md', text: '' },
  { path: 'packages/db/src/index.ts', text: 'export class SettingsError extends Error {}' },
  { path: 'packages/db/src/x.test.ts', text: '// Slow: runs in test:deep.\ntest.skip("x", () => {});' },
  {
    path: 'packages/db/src/y.ts',
    text: `// ${disable} no-console -- it is a command\nimport '../network/x.ts';`,
  },
];

test.each(rules.map((rule) => [rule.title, rule] as const))(
  '%s: what breaks the rule is found',
  (title, { problems }) => {
    const files = Object.entries(bad[title] ?? {}).map(([path, text]) => ({ path, text }));
    expect(problems(files)).not.toEqual([]);
  },
);

test.each(rules.map((rule) => [rule.title, rule] as const))(
  '%s: what keeps the rule is left alone',
  (_title, { problems }) => {
    expect(problems(good)).toEqual([]);
  },
);
