import fc from 'fast-check';
import type { Sent } from './two-sides.ts';

const procedures = [
  'hello',
  'says',
  'saysAgain',
  'saysNothing',
  'saysTooMuch',
  'promises',
  'counts',
  'add',
  'touch',
  'keep',
  'mine',
  'pay',
  'breaks',
  'breaksInATrpcWay',
  'misparses',
  'refuses',
  'isOut',
  'throwsText',
  'breaksInAStream',
];
const strangers = [
  '',
  'nothing',
  'hello/',
  '__proto__',
  'toString',
  'hel%6Co',
  '%',
  'a b',
  'hello,touch',
  'hello%2Cmine',
];
const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 8 }));
const input = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>({ name: 'Ada' }, { amount: 3 }, { amount: 1, note: { text: 'ä' } }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(null, [], {}, 0, '', false, { name: 5 }, { amount: 1.5, extra: 1 }),
  },
  { weight: 1, arbitrary: fc.record({ name: text }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const brokenJson = fc.constantFrom('{', '"', '{"name":}', '\uFEFF{}', 'undefined', '{}{}', '['.repeat(40), '1e999');

/** The inputs of a request as its text: one for a call, or an object of them for a batch; seldom what it should be. */
function inputText(isBatch: boolean, calls: number): fc.Arbitrary<string> {
  const single = input.map((value) => JSON.stringify(value));
  const each = fc.array(input, { minLength: calls, maxLength: calls });
  const batch = each.map((values) => JSON.stringify(Object.fromEntries(values.entries())));
  const sparse = fc
    .dictionary(fc.constantFrom('0', '1', '7', '__proto__'), input)
    .map((value) => JSON.stringify(value));
  return fc.oneof(
    { weight: 10, arbitrary: isBatch ? batch : single },
    { weight: 1, arbitrary: isBatch ? single : batch },
    { weight: 1, arbitrary: sparse },
    { weight: 1, arbitrary: each.map((values) => JSON.stringify(values)) },
    { weight: 1, arbitrary: brokenJson },
    { weight: 1, arbitrary: fc.constant('') },
  );
}

/** How an input may stand in an address: as tRPC's links write it, mostly. */
function queryOf(isBatch: boolean, json: string | undefined): fc.Arbitrary<string> {
  const parts = [...(isBatch ? ['batch=1'] : []), ...(json === undefined ? [] : [`input=${encodeURIComponent(json)}`])];
  const plain = parts.join('&');
  const odd = [
    parts.toReversed().join('&'),
    `${plain}&input=%22second%22`,
    `${plain}&batch=1`,
    `${plain}&batch=0`,
    `batch=0&${plain}`,
    `${plain}&lastEventId=4`,
    `${plain}&connectionParams=%7B%22a%22%3A%22b%22%7D`,
    `${plain}&connectionParams=nonsense`,
    `${plain}&%69nput=1`,
    plain.replaceAll('%20', '+'),
    plain.replaceAll('%7B', '{'),
    plain.replaceAll('%22', '%2'),
    `${plain}%FF`,
    `${plain}#x`,
    `&${plain}`,
    `${plain}&`,
    `?${plain}`,
  ];
  return fc.oneof({ weight: 5, arbitrary: fc.constant(plain) }, { weight: 2, arbitrary: fc.constantFrom(...odd) });
}

export type Credentials = Readonly<{ good: string; foreign: string }>;

function headersFor({ good, foreign }: Credentials): fc.Arbitrary<readonly (readonly [string, string])[]> {
  const line = (name: string, values: readonly string[]): fc.Arbitrary<readonly (readonly [string, string])[]> =>
    fc.oneof(
      { weight: 12, arbitrary: fc.constant([]) },
      { weight: 8, arbitrary: fc.constantFrom(...values.map((value) => [[name, value]] as const)) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(...values).map(
          (value) =>
            [
              [name, value],
              [name, value],
            ] as const,
        ),
      },
    );
  return fc
    .tuple(
      line('Authorization', [`Bearer ${good}`, `Bearer ${good}`, `Bearer ${foreign}`, 'Bearer x', 'Basic eDp5']),
      line('trpc-accept', ['application/jsonl', 'application/json', 'text/event-stream']),
      line('Accept', ['*/*', 'application/json', 'application/jsonl', 'text/html, application/jsonl;q=0.5', 'JSONL']),
      line('Idempotency-Key', ['k1', 'k 1']),
      line('Origin', ['http://localhost:5173', 'https://evil.example']),
      line('traceparent', ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '00-x']),
      line('Last-Event-Id', ['3']),
      line('Example-Context', ['whole', 'later', 'broken', 'broken later']),
    )
    .map((lines) => lines.flat());
}

const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant<string | undefined>('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('Application/JSON; charset=utf-8', 'text/plain', 'multipart/form-data', undefined),
  },
);

/** Requests of every kind that the direct path and tRPC's resolver could answer differently. */
export function callRequests(credentials: Credentials): fc.Arbitrary<Sent> {
  const name = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...procedures) },
    { weight: 1, arbitrary: fc.constantFrom(...strangers) },
  );
  const shape = fc.record({
    isBatch: fc.boolean(),
    names: fc.oneof(
      { weight: 12, arbitrary: fc.array(name, { minLength: 1, maxLength: 1 }) },
      { weight: 8, arbitrary: fc.array(name, { minLength: 2, maxLength: 5 }) },
      { weight: 1, arbitrary: fc.array(name, { minLength: 10, maxLength: 12 }) },
    ),
    method: fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom('GET', 'POST') },
      { weight: 1, arbitrary: fc.constantFrom('HEAD', 'PUT', 'OPTIONS', 'DELETE') },
    ),
  });
  const requests = shape.chain(({ isBatch, names, method }) =>
    inputText(isBatch, names.length).chain((json) => {
      const query = queryOf(isBatch, method === 'POST' ? undefined : json);
      return fc
        .record({
          query,
          headers: headersFor(credentials),
          type: contentType,
          separator: fc.constantFrom(',', ',', '%2C'),
        })
        .map((made): Sent => {
          const body = method === 'POST' ? json : undefined;
          const headers = body === undefined || made.type === undefined ? [] : [['Content-Type', made.type] as const];
          return {
            method,
            path: `/trpc/${names.join(made.separator)}${made.query === '' ? '' : `?${made.query}`}`.replaceAll(
              ' ',
              '%20',
            ),
            headers: [...made.headers, ...headers],
            body,
          };
        });
    }),
  );
  // A stream of numbers that never ends by itself.
  return requests.filter(({ path, headers }) => !path.includes('counts') || !JSON.stringify(headers).includes('jsonl'));
}

const get = (path: string): Sent => ({ method: 'GET', path: `/trpc/${path}`, headers: [], body: undefined });
const encoded = (json: string) => encodeURIComponent(json);

/** What chance brings about too seldom. */
export const rareRequests: readonly Sent[] = [
  get(`says,says?batch=1&input=${encoded('[1,2]')}`),
  get(`says?input=${encoded('"a b"').replace('%20', '+')}`),
  get('isOut,saysTooMuch?batch=1'),
  get('mine,saysTooMuch?batch=1'),
  get(`saysAgain?input=${encoded('{"name":"Ada"}')}`),
];
