import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../repository.ts';
import { principalsAreNotForged } from './tidy/principal-rules.ts';
import { runTool } from './tool.ts';

const given = `import type { Principal } from '@sallyport/auth';

declare const anything: unknown;
declare const local: Principal<'local'>;
type Alias = Principal<'fresh+mfa'>;
`;

/** Every way to write a principal down that the compiler lets pass. */
const forgeries: Readonly<Record<string, string>> = {
  'from unknown': `export const p = anything as Principal<'fresh+mfa'>;`,
  'through unknown': `export const p = { kind: 'user' } as unknown as Principal<'fresh+mfa'>;`,
  'through the general one': `export const p = local as object as Principal<'fresh+mfa'>;`,
  'through any': `export const p = JSON.parse('{}') as Principal<'fresh+mfa'>;`,
  'in brackets': `export const p = <Principal<'fresh+mfa'>>anything;`,
  'over two lines': `export const p = local as unknown as\n  Principal<'fresh+mfa'>;`,
};
const hiddenForgeries: Readonly<Record<string, string>> = {
  'through an alias': 'export const p = local as unknown as Alias;',
  'through never': 'export const p: Alias = local as never;',
  'by any': `export const p: Alias = JSON.parse('{}');`,
};
const everyForgery = { ...forgeries, ...hiddenForgeries };

let folder: string;
let lintOutput: string;

/** The file of a forgery, named by its number. */
const fileOf = (name: string): string => `forgery-${Object.keys(everyForgery).indexOf(name)}.ts`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-forged-'));
  const base = JSON.parse(await readFile(join(repositoryRoot, 'tsconfig.base.json'), 'utf8'));
  const paths = { '@sallyport/auth': [join(repositoryRoot, 'packages/auth/src/index.ts')] };
  const tsconfig = { ...base, compilerOptions: { ...base.compilerOptions, types: [], paths }, include: ['.'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  await writeFile(join(folder, 'honest.ts'), `${given}export const p: Principal = local;\n`);
  for (const [name, code] of Object.entries(everyForgery)) {
    await writeFile(join(folder, fileOf(name)), `${given}${code}\n`);
  }
  const config = join(repositoryRoot, '.oxlintrc.json');
  ({ output: lintOutput } = await runTool('oxlint', ['--config', config, '--format', 'unix', folder]));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the linter, as it is set up for sources', () => {
  test.each(Object.keys(everyForgery))('sees a principal that is forged %s', (name) => {
    const said = lintOutput.split('\n').filter((line) => line.includes(fileOf(name)));
    expect(said.join('\n')).toMatch(/no-unsafe-(?:type-assertion|assignment)/);
  });

  test('leaves an honest file alone', () => {
    expect(lintOutput).not.toMatch(/honest\.ts.*no-unsafe/);
  });
});

const problemsIn = (path: string, text: string) => principalsAreNotForged([{ path, text }]);

describe('the house rule, in sources and tests, whatever was switched off', () => {
  test.each(Object.entries(forgeries))('sees a principal that is forged %s', (_name, code) => {
    expect(problemsIn('apps/payments/src/x.test.ts', `${given}${code}`)).toMatchObject([{ line: 6 }]);
    const disabled = `// ${['oxlint', 'disable-next-line'].join('-')} typescript/no-unsafe-type-assertion -- why\n${code}`;
    expect(problemsIn('apps/payments/src/x.ts', disabled)).toHaveLength(1);
  });

  test.each<[string, string]>([
    ['under another name', `import type { Principal as P } from '@sallyport/auth';`],
    ['of the other kinds', 'export const p = x as PropagatedPrincipal;'],
    ['of a service', 'export const p = x as ServicePrincipal;'],
    ['inside another type', `export const p = x as Readonly<Principal<'fresh'>>;`],
    ['by changing a copy', `pay({ ...ctx.principal, subject: 'u_eve' });`],
    ['by asking whoever admits', `import { admitUser } from './principal.ts';`],
  ])('sees a principal that is forged %s', (_name, code) => {
    expect(problemsIn('packages/auth/src/x.test.ts', code)).toHaveLength(1);
  });

  test.each([
    `expectTypeOf(ctx.principal).toEqualTypeOf<Principal<'fresh'>>();`,
    `function pay(principal: Principal<'fresh+mfa'>): void {}`,
    `return gate<Principal<'fresh'>>(tier);`,
    `export type { Evidence, Principal } from './principal.ts';`,
    `type Guarded = Wrapped<Context, Principal<'local'>>;`,
  ])('leaves honest code alone: %s', (code) => {
    expect(problemsIn('packages/auth/src/x.ts', code)).toEqual([]);
  });
});
