import type { Operation } from '@trpc/client';

// Links cannot set headers; only the last one sends. So they leave them in the operation's context under this name.
const key = 'sallyportHeaders';

export type RequestHeaders = Readonly<Record<string, string>>;

/** The same operation, to be sent with these headers as well. */
export function withHeaders(op: Operation, headers: RequestHeaders): Operation {
  return { ...op, context: { ...op.context, [key]: { ...headersOf(op), ...headers } } };
}

/** The headers that links have left on an operation: for the `headers` option of the link that sends. */
export function headersOf(op: Operation): Record<string, string> {
  const left = op.context[key];
  if (typeof left !== 'object' || left === null) return {};
  return Object.fromEntries(
    Object.entries(left).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
