import type { Exchange } from './http-exchange.ts';

/** What the query of a request to `/trpc/` says. */
export type CallQuery = Readonly<{
  isBatch: boolean;
  /** Percent-decoded. Empty when there is none. */
  input: string;
  /** Whether it is written as tRPC's own links write it, and says nothing else. */
  isPlain: boolean;
}>;

/** A request to `/trpc/` whose limits were checked and whose body was read. */
export type CallRequest = Readonly<{ exchange: Exchange; query: CallQuery; body: string | undefined }>;

/** With what `encodeURIComponent` leaves of an input: nothing here can be read in two ways. */
const plainQuery = /^(batch=1(?:&|$))?(?:input=([\w%.!~*'()-]*))?$/;

/** Reads a query as tRPC does: the first `batch` and the first `input` count. Never throws. */
export function readCallQuery(query: string): CallQuery {
  const plain = plainQuery.exec(query);
  const input = plain === null ? undefined : decoded(plain[2] ?? '');
  if (input !== undefined) return { isBatch: plain?.[1] !== undefined, input, isPlain: true };
  const names = new URLSearchParams(query);
  return { isBatch: names.get('batch') === '1', input: names.get('input') ?? '', isPlain: false };
}

// Where this throws, `URLSearchParams` guesses instead.
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
