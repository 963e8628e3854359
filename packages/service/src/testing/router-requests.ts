import type { Procedure } from './procedures.ts';
import type { Sent } from './two-sides.ts';

type HeaderLines = Sent['headers'];

export type RouterCalls = Readonly<{
  procedures: readonly Procedure[];
  /** Inputs that make sense, by the path of a procedure. */
  inputs: Readonly<Record<string, readonly unknown[]>>;
  /** What callers bring, besides nothing at all. */
  credentials: readonly HeaderLines[];
}>;

/** Inputs that make no sense anywhere, or are nobody's. */
const senseless: readonly unknown[] = [undefined, null, {}, 'x', [], { id: 'x', extra: 1 }, { userId: 'u_eve' }];

const json: HeaderLines = [['Content-Type', 'application/json']];

/** How a call may be written down: as tRPC's links do, and otherwise. */
const spellings: readonly ((
  path: string,
  input: string | undefined,
) => Omit<Sent, 'headers'> & { lines: HeaderLines })[] = [
  (path, input) => get(`${path}?input=${encodeURIComponent(input ?? '')}`),
  (path, input) => (input === undefined ? get(path) : post(path, input)),
  (path, input) => get(`${path}?batch=1&input=${encodeURIComponent(batched(input))}`),
  (path, input) => post(`${path}?batch=1`, batched(input)),
  (path, input) => post(path, input ?? ''),
  (path, input) => get(`${path}?input=${encodeURIComponent(input ?? '')}&batch=0`),
  (path, input) => ({ ...post(path, input ?? ''), lines: [['Content-Type', 'text/plain']] }),
  (path, input) => post(path, `${input ?? ''}{`),
  (path, input) => ({
    ...post(`${path}?batch=1`, batched(input)),
    lines: [...json, ['trpc-accept', 'application/jsonl']],
  }),
  (path, input) => ({ ...post(path, input ?? ''), method: 'PUT' }),
];

function spelledInAddress(path: string, input: string | undefined) {
  return get(input === undefined ? path : `${path}?input=${encodeURIComponent(input)}`);
}

function get(path: string) {
  return { method: 'GET', path: `/trpc/${path}`, body: undefined, lines: [] };
}

function post(path: string, body: string) {
  return { method: 'POST', path: `/trpc/${path}`, body, lines: json };
}

function batched(...inputs: readonly (string | undefined)[]): string {
  return `{${inputs.flatMap((input, index) => (input === undefined ? [] : [`"${index}":${input}`])).join()}}`;
}

/**
 * Requests to each procedure of a router: by every caller with every input that makes sense; in every spelling, with callers and inputs
 * good and bad in turn; and in batches with three others. No chance in it: the same requests each time.
 */
export function routerRequests({ procedures, inputs, credentials }: RouterCalls): readonly Sent[] {
  const callers = [[], ...credentials];
  const goodInputs = ({ path }: Procedure): readonly unknown[] => [undefined, ...(inputs[path] ?? [])];
  let turn = 0;
  const nextOf = <Value>(values: readonly Value[]): Value | undefined => values[(turn += 1) % values.length];
  const anyInput = (procedure: Procedure): string | undefined =>
    JSON.stringify(nextOf([...goodInputs(procedure), ...senseless]));

  const proper = procedures.flatMap((procedure) =>
    callers.flatMap((caller) =>
      goodInputs(procedure).map((input): Sent => {
        const text = JSON.stringify(input);
        const { lines, ...sent } =
          procedure.type === 'query' ? spelledInAddress(procedure.path, text) : post(procedure.path, text ?? '');
        return { ...sent, headers: [...caller, ...lines] };
      }),
    ),
  );
  const odd = procedures.flatMap((procedure) =>
    spellings.map((spell): Sent => {
      const { lines, ...sent } = spell(procedure.path, anyInput(procedure));
      return { ...sent, headers: [...(nextOf(callers) ?? []), ...lines] };
    }),
  );
  const together = procedures.flatMap((one, index) =>
    [1, 2, 4].map((step): Sent => {
      const other = procedures[(index + step) % procedures.length] ?? one;
      const [paths, text] = [`${one.path},${other.path}?batch=1`, batched(anyInput(one), anyInput(other))];
      const isRead = one.type === 'query' && other.type === 'query';
      const { lines, ...sent } = isRead ? get(`${paths}&input=${encodeURIComponent(text)}`) : post(paths, text);
      return { ...sent, headers: [...(nextOf(callers) ?? []), ...lines] };
    }),
  );
  return [...proper, ...odd, ...together];
}
