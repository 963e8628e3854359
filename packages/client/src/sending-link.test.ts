import { createTRPCUntypedClient } from '@trpc/client';
import { expect, test } from 'vitest';
import { oneAnswerLink } from './one-answer-link.ts';
import { withHeaders } from './request-headers.ts';
import { sendingLink } from './sending-link.ts';

test('calls of two people never share a batch, even in the same moment', async () => {
  const sent: Array<{ url: string; authorization: string | null }> = [];
  const answer: typeof fetch = (input, init) => {
    const { url, headers } = new Request(input, init);
    const calls = new URL(url).pathname.split('/').at(-1)?.split(',') ?? [];
    sent.push({ url, authorization: headers.get('authorization') });
    return Promise.resolve(Response.json(calls.map((path) => ({ result: { data: path } }))));
  };
  const client = createTRPCUntypedClient({
    links: [
      oneAnswerLink((op, send) => send(withHeaders(op, { authorization: String(op.input) }))),
      sendingLink({ url: 'http://catalog.test', fetch: answer }, true),
    ],
  });
  const calls = ['ada', 'ada', 'grace', 'ada'].map((who, index) => client.query(`mine${index}`, who));
  expect(await Promise.all(calls)).toEqual(['mine0', 'mine1', 'mine2', 'mine3']);
  expect(sent.map(({ authorization }) => authorization)).toEqual(['ada', 'grace', 'ada']);
});
