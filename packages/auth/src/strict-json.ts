export type JsonObject = Readonly<Record<string, unknown>>;

/** Greatest length in bytes, and greatest number of members in all objects together. */
type JsonLimits = Readonly<{ bytes: number; members: number }>;

const maxDepth = 8;
const tokenPart: JsonLimits = { bytes: 4096, members: 100 };

/**
 * Parses one JSON object from UTF-8 bytes, more strictly than `JSON.parse`: refuses duplicate members (RFC 8725 §2.4's
 * family of mistakes: two parsers that read one token differently), byte order marks, invalid UTF-8, lone surrogates,
 * nesting over 8, and what is over `limits`: 4096 bytes and 100 members by default. Answers `undefined` for whatever it refuses.
 */
export function parseStrictObject(bytes: Uint8Array, limits = tokenPart): JsonObject | undefined {
  if (bytes.length > limits.bytes) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value) || !hasOnlyDistinctMembers(text, limits.members)) return undefined;
    return value;
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const stringLiteral = /"(?:[^"\\]|\\.)*"/y;

/** Walks text that `JSON.parse` has accepted, so only structure is left to look at. */
function hasOnlyDistinctMembers(text: string, maxMembers: number): boolean {
  const open: (Set<string> | 'array')[] = [];
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push('array');
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      stringLiteral.lastIndex = at;
      const literal = stringLiteral.exec(text)?.[0] ?? '""';
      at += literal.length - 1;
      const value: unknown = JSON.parse(literal);
      if (typeof value !== 'string' || !value.isWellFormed()) return false;
      const names = open.at(-1);
      if (
        names instanceof Set &&
        text
          .slice(at + 1)
          .trimStart()
          .startsWith(':')
      ) {
        members += 1;
        if (names.has(value)) return false;
        names.add(value);
      }
    }
    if (open.length > maxDepth || members > maxMembers) return false;
  }
  return true;
}
