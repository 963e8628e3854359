import {
  createTRPCClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  httpSubscriptionLink,
  isTRPCClientError,
  type TRPCLink,
} from '@trpc/client';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleService, type ExampleRouter } from './example-service.ts';

let service: Awaited<ReturnType<typeof exampleService>>;

beforeAll(async () => {
  service = await exampleService();
});

afterAll(() => service.stop());

const links: [string, (options: { url: string }) => TRPCLink<ExampleRouter>][] = [
  ['httpLink', httpLink],
  ['httpBatchLink', httpBatchLink],
  ['httpBatchStreamLink', httpBatchStreamLink],
];

function reasonOf(error: unknown): string | undefined {
  // The error's type comes from the router: `reason` is known to be there.
  return isTRPCClientError<ExampleRouter>(error) ? error.data?.reason : undefined;
}

test.each(links)('%s reads, writes, and gets typed errors', async (_name, link) => {
  const client = createTRPCClient<ExampleRouter>({ links: [link({ url: `${service.url}/trpc` })] });
  const before = service.effects.count;
  expect(await Promise.all([client.hello.query(), client.hello.query({ name: 'Ada' })])).toEqual([
    'hello you',
    'hello Ada',
  ]);
  expect(await client.add.mutate({ amount: 2 })).toBe(before + 2);
  const error = await client.refuses.query().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    message: 'There is none left.',
    data: { code: 'CONFLICT', httpStatus: 409, reason: 'out_of_stock' },
  });
  expect(reasonOf(error)).toBe('out_of_stock');
});

test('an over-large batch is one plain refusal for each of its calls', async () => {
  const client = createTRPCClient<ExampleRouter>({ links: [httpBatchLink({ url: `${service.url}/trpc` })] });
  const outcomes = await Promise.allSettled(Array.from({ length: 11 }, () => client.touch.mutate()));
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && reasonOf(outcome.reason))).toEqual(
    Array.from({ length: 11 }, () => 'too_many_calls'),
  );
});

test('httpSubscriptionLink follows a stream from where it left off, and its end is noticed here', async () => {
  const client = createTRPCClient<ExampleRouter>({
    links: [httpSubscriptionLink({ url: `${service.url}/trpc`, EventSource })],
  });
  const positions: string[] = [];
  const { promise: received, resolve, reject } = Promise.withResolvers<void>();
  const subscription = client.ticks.subscribe(
    { lastEventId: '7' },
    {
      onData: ({ id }) => {
        positions.push(id);
        if (positions.length === 2) resolve();
      },
      onError: reject,
    },
  );
  await received;
  expect(positions).toEqual(['8', '9']);
  subscription.unsubscribe();
  await service.streams.ended.promise;
});

test('a stream is resumed by the header that browsers send as well', async () => {
  const leave = new AbortController();
  const headers = { 'last-event-id': '41' };
  const response = await fetch(`${service.url}/trpc/ticks`, { headers, signal: leave.signal });
  const decoder = new TextDecoder();
  let text = '';
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('id: 43')) break;
  }
  leave.abort();
  expect(text).toContain('id: 42');
  expect(text).not.toContain('id: 1\n');
});

test('a streamed answer ends when its caller leaves, even where the handler does not listen', async () => {
  await using fresh = await exampleService();
  const leave = new AbortController();
  const headers = { 'trpc-accept': 'application/jsonl' };
  const response = await fetch(`${fresh.url}/trpc/counts?batch=1`, { headers, signal: leave.signal });
  await response.body?.getReader().read();
  leave.abort();
  await fresh.streams.ended.promise;
  expect(response.status).toBe(200);
});
