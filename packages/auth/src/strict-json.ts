export type JsonObject = Readonly<Record<string, unknown>>;

/** Greatest length in bytes, and greatest number of members in all objects together. */
type JsonLimits = Readonly<{ bytes: number; members: number }>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
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
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value) || !hasOnlyDistinctMembers(text, value, limits.members)) return undefined;
    return value;
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];
const [openObject, closeObject, openArray, closeArray] = [0x7b, 0x7d, 0x5b, 0x5d];

/** A name that came twice in its object is one that the parsed objects lack: few texts have escapes, and without any it is enough to count. */
function hasOnlyDistinctMembers(text: string, value: JsonObject, maxMembers: number): boolean {
  if (text.includes('\\')) return hasOnlyDistinctNames(text, maxMembers);
  const members = namedMembers(text);
  return members <= maxMembers && members === membersOf(value);
}

/** How many members a text without escapes names that `JSON.parse` has accepted; `Infinity` where it is too deep. */
function namedMembers(text: string): number {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Letter by letter: strings are too short for a search.
    if (unit === quote)
      do at += 1;
      while (text.charCodeAt(at) !== quote);
    else if (unit === colon) members += 1;
    else if (unit === openObject || unit === openArray) depth += 1;
    else if (unit === closeObject || unit === closeArray) depth -= 1;
    if (depth > maxDepth) return Infinity;
  }
  return members;
}

/** Of an object, or of all in a list, with those of the objects inside. */
function membersOf(value: object): number {
  const parts: readonly unknown[] = Object.values(value);
  let members = Array.isArray(value) ? 0 : parts.length;
  for (const part of parts) {
    if (typeof part === 'object' && part !== null) members += membersOf(part);
  }
  return members;
}

/**
 * Walks text that `JSON.parse` has accepted, so only structure is left to look at: a string before a colon is a name. Names are read
 * from the text, not from what was parsed: V8 14.6 parses some that are spelled with escapes as others.
 */
function hasOnlyDistinctNames(text: string, maxMembers: number): boolean {
  // Names are compared with all before them in their object: objects are small, and a Set costs more than it saves.
  const open: (string[] | undefined)[] = [];
  let members = 0;
  let string = '';
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) {
      const end = endOfString(text, at);
      string = String(JSON.parse(text.slice(at, end + 1)));
      if (!string.isWellFormed()) return false;
      at = end;
    } else if (unit === colon) {
      const names = open.at(-1);
      members += 1;
      if (members > maxMembers || names?.includes(string) === true) return false;
      names?.push(string);
    } else if (unit === openObject || unit === openArray) {
      open.push(unit === openObject ? [] : undefined);
      if (open.length > maxDepth) return false;
    } else if (unit === closeObject || unit === closeArray) open.pop();
  }
  return true;
}

/** Where the string ends that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (let unit = text.charCodeAt(at); unit !== quote; unit = text.charCodeAt(at)) at += unit === backslash ? 2 : 1;
  return at;
}
