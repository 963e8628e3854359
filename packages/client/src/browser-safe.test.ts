import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const importLine = /^(?:import|export) (?!type )[^;]*? from '([^']+)';/gm;

/** What a file loads when it runs, itself and everything behind it. Type-only imports vanish. */
async function loadedFrom(file: string, seen = new Set<string>()): Promise<Set<string>> {
  const source = await readFile(new URL(file, import.meta.url), 'utf8');
  for (const [, specifier = ''] of source.matchAll(importLine)) {
    if (seen.has(specifier)) continue;
    seen.add(specifier);
    if (specifier.startsWith('./')) await loadedFrom(specifier, seen);
  }
  return seen;
}

test('what a front end imports loads in a browser: nothing of Node, no keys, no gates', async () => {
  const loaded = [...(await loadedFrom('./index.ts'))];
  expect(loaded).toContain('./session-keeper.ts');
  expect(loaded.filter((specifier) => !specifier.startsWith('./')).toSorted()).toEqual([
    '@trpc/client',
    '@trpc/server/observable',
    'zod/mini',
  ]);
});

test('what services import is seen to be for Node, so this check can see', async () => {
  expect([...(await loadedFrom('./service.ts'))]).toEqual(
    expect.arrayContaining(['node:crypto', 'jose', 'eventsource']),
  );
});
