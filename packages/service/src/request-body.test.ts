import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { readBody } from './request-body.ts';

function begun(text: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.push(text);
  return request;
}

function whole(text: string): IncomingMessage {
  const request = begun(text);
  request.push(null);
  // As Node's parser says it when it has seen the last byte.
  request.complete = true;
  return request;
}

test('a body that arrived before anybody read it is read whole', async () => {
  expect(await readBody(whole('{"amount":1}'), 100)).toBe('{"amount":1}');
});

test('one whose caller left before it was read is refused, and not taken for an empty one', async () => {
  const request = whole('{"amount":1}');
  request.destroy();
  await once(request, 'close');
  await expect(readBody(request, 100)).rejects.toThrow('The request is malformed.');
});

test('one whose caller leaves in its middle is refused', async () => {
  const request = begun('{"amount":1}');
  const read = readBody(request, 100);
  request.destroy();
  await expect(read).rejects.toThrow('The request is malformed.');
});
