import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportedNames } from './exported-names.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sallyport-exports-'));
  await writeFile(
    join(root, 'index.ts'),
    `export { documented, type Bare } from './one.ts';\nexport type {\n  Contract,\n} from './one.ts';\n`,
  );
  await writeFile(
    join(root, 'one.ts'),
    `/** Not about what follows. */
const hidden = 1;

/**
 * Says something.
 *
 * And more.
 */
export async function documented(): Promise<number> {
  return hidden;
}

export type Bare = number;

// No doc comment.
export interface Contract {}

/** Not passed on. */
export const unseen = 1;
`,
  );
  await writeFile(join(root, 'star.ts'), `export * from './one.ts';\n`);
  await writeFile(join(root, 'renamed.ts'), `export { documented as other } from './one.ts';\n`);
  await writeFile(join(root, 'absent.ts'), `export { absent } from './one.ts';\n`);
});

afterAll(() => rm(root, { recursive: true }));

test('exported names are followed to where they are declared, with their doc comments', () => {
  expect(exportedNames(root, 'index.ts')).toEqual([
    { name: 'documented', kind: 'function', path: 'one.ts', comment: 'Says something.\n\nAnd more.' },
    { name: 'Bare', kind: 'type', path: 'one.ts', comment: undefined },
    { name: 'Contract', kind: 'type', path: 'one.ts', comment: undefined },
  ]);
});

test.each(['star.ts', 'renamed.ts', 'absent.ts'])('an export that cannot be followed is an error: %s', (path) => {
  expect(() => exportedNames(root, path)).toThrow();
});
