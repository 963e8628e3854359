import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillShownFiles } from './shown-files.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sallyport-shown-'));
  await writeFile(join(root, 'one.ts'), 'const a = 1;\nexport const list = [\n  a,\n];\nconst b = 2;\n');
  await writeFile(
    join(root, 'some.test.ts'),
    "const a = 1;\n\ntest('it holds', () => {\n  expect(1).toBe(1);\n});\n\ntest('more', () => {\n  a;\n});\n",
  );
  await writeFile(join(root, 'two.ts'), 'const a = 3;\nexport const list = [\n  a,\n];\n');
});

afterAll(() => rm(root, { recursive: true }));

const shown = (comment: string, code: string) => `Text.\n\n<!-- ${comment} -->\n\n\`\`\`ts\n${code}\`\`\`\n\nMore.\n`;

test.each([
  ['file: one.ts', 'const a = 1;\nexport const list = [\n  a,\n];\nconst b = 2;\n'],
  ['part: one.ts list', 'export const list = [\n  a,\n];\n'],
  ['test: some.test.ts it holds', "test('it holds', () => {\n  expect(1).toBe(1);\n});\n"],
  ['diff: one.ts two.ts', '-const a = 1;\n+const a = 3;\n\n-const b = 2;\n'],
])('a block after %s shows what the files say now, whatever stood there', (comment, code) => {
  expect(fillShownFiles(shown(comment, ''), root)).toBe(shown(comment, code));
  expect(fillShownFiles(shown(comment, 'something old\n'), root)).toBe(shown(comment, code));
});

test('other code blocks are left alone', () => {
  const text = '```ts\nmine\n```\n';
  expect(fillShownFiles(text, root)).toBe(text);
});

test('a part that is not there is an error, not an empty block', () => {
  expect(() => fillShownFiles(shown('part: one.ts missing', ''), root)).toThrow('one.ts exports no missing');
  expect(() => fillShownFiles(shown('test: some.test.ts missing', ''), root)).toThrow(
    'some.test.ts has no test missing',
  );
});
