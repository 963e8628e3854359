import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** One name that a package exports, and where it is declared. */
export type ExportedName = Readonly<{
  name: string;
  kind: 'function' | 'constant' | 'type' | 'error';
  /** Relative to the repository's root. */
  path: string;
  /** What its doc comment says, without the comment's own signs; `undefined` without one. */
  comment: string | undefined;
}>;

const kinds: Readonly<Record<string, ExportedName['kind']>> = {
  function: 'function',
  const: 'constant',
  type: 'type',
  interface: 'type',
  class: 'error',
};

/**
 * Every name that a TypeScript module exports, followed through its `export … from` statements. TypeScript 7 has no API for
 * programs to ask, so this reads text: it throws at a form of export that it does not know.
 */
export function exportedNames(root: string, path: string): readonly ExportedName[] {
  const text = readFileSync(join(root, path), 'utf8');
  assertKnownForms(path, text);
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']+)';$/gm)].flatMap(
    ([, list = '', from = '']) => {
      const wanted = namesIn(list);
      const source = normalize(join(dirname(path), from));
      const declared = exportedNames(root, source);
      return wanted.map((name) => declared.find((known) => known.name === name) ?? missing(name, source));
    },
  );
  return [...passedOn, ...declaredNames(path, text)];
}

function declaredNames(path: string, text: string): ExportedName[] {
  const found = text.matchAll(/^export (?:declare )?(?:async )?(function|const|type|interface|class) (\w+)/gm);
  const names = new Map<string, ExportedName>();
  for (const { 1: keyword = '', 2: name = '', index } of found) {
    const kind = kinds[keyword] ?? 'type';
    // Overloads repeat a name: the first one carries the comment.
    if (!names.has(name)) names.set(name, { name, kind, path, comment: commentBefore(text.slice(0, index)) });
  }
  return [...names.values()];
}

function commentBefore(text: string): string | undefined {
  const [, body] = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(text) ?? [];
  return body
    ?.split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .trim();
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((entry) => entry.trim().replace(/^type /, ''))
    .filter((entry) => entry !== '');
}

function assertKnownForms(path: string, text: string): void {
  const known = /^export (?:(?:declare )?(?:async )?(?:function|const|type|interface|class) \w|(?:type )?\{)/;
  const unknown = text.split('\n').find((line) => line.startsWith('export ') && !known.test(line));
  if (unknown !== undefined || /\bas \w+[^;{}]*\} from '/.test(text))
    throw new Error(`${path} exports in a way that is not understood here: ${unknown ?? 'under another name'}`);
}

function missing(name: string, path: string): never {
  throw new Error(`${path} does not export ${name}`);
}
