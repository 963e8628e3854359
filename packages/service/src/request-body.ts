import type { IncomingMessage } from 'node:http';
import { refuseRequest } from './refusal.ts';

/** A caller that sends somewhat too much is heard out, so that it can read the answer instead of a reset connection. */
const maxDiscardedBytes = 1024 * 1024;

/**
 * Reads a request's body as UTF-8, up to `maxBytes`, whether or not its length was announced.
 * Refuses a larger one, one that breaks off, and bytes that are not UTF-8.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  // None was announced, and Node tells nobody of its end.
  if (request.readableEnded) return '';
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes + maxDiscardedBytes) refuseRequest('payload_too_large');
  const chunks: Uint8Array[] = [];
  let size = 0;
  const { promise: read, resolve } = Promise.withResolvers<void>();
  // Not `for await`: leaving such a loop early destroys the connection before the answer is out.
  request.on('data', (chunk: Uint8Array) => {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (size > maxBytes + maxDiscardedBytes) resolve();
  });
  request.once('end', resolve).once('error', resolve).once('close', resolve);
  // One that broke off before it was begun has no more to say.
  if (!request.closed) await read;
  if (size > maxBytes) refuseRequest('payload_too_large');
  // The caller left before all was read. Nobody hears this; what was read so far must not pass for the whole.
  if (!request.readableEnded) refuseRequest('invalid_request');
  return decode(chunks);
}

function decode(chunks: readonly Uint8Array[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return refuseRequest('invalid_request');
  }
}
