import type { ServerResponse } from 'node:http';
import type { CallAnswer } from './call-answer.ts';
import type { Exchange } from './http-exchange.ts';

export type HttpAnswer = Readonly<{
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Without it, and without `body`, the answer has no body. */
  json?: unknown;
  /** A body of another kind, where a standard asks for one. */
  body?: Readonly<{ type: string; text: string }>;
}>;

/** What every answer says, whoever made it. `Request-Id` is the trace id: the one thing to quote when asking about a request. */
export function standingHeaders(traceId: string): Record<string, string> {
  return { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'Request-Id': traceId };
}

export function sendAnswer({ response, request }: Exchange, { status, headers, json, body }: HttpAnswer): void {
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  // Bytes of the body may still be on their way: the connection cannot be used for another request.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.statusCode = status;
  if (body !== undefined) {
    response.setHeader('Content-Type', body.type);
    response.end(body.text);
    return;
  }
  if (json === undefined) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(json));
}

/** Sends what came of plain calls. */
export function sendCallAnswer({ response }: Exchange, { status, headers, text }: CallAnswer): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.appendHeader('Vary', 'trpc-accept, accept');
  response.end(text);
}

// Ours, or Node's, to set.
const keptHeaders = new Set(['cache-control', 'connection', 'transfer-encoding', 'vary']);

/** Sends what tRPC answered: JSON at once, a stream as it comes. Resolves when the last byte was handed over. */
export async function sendWebResponse({ response }: Exchange, web: Response): Promise<void> {
  response.statusCode = web.status;
  for (const [name, value] of web.headers) if (!keptHeaders.has(name)) response.setHeader(name, value);
  response.appendHeader('Vary', web.headers.get('vary') ?? 'Accept');
  const isStream = web.headers.has('transfer-encoding') || web.headers.get('content-type') === 'text/event-stream';
  if (web.body === null || !isStream) {
    response.end(await web.text());
    return;
  }
  // A proxy that compresses or buffers would hold events back.
  response.setHeader('Cache-Control', 'no-store, no-transform');
  response.flushHeaders();
  await copyStream(web.body, response);
  response.end();
}

async function copyStream(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    if (!response.write(chunk.value)) await drained(response);
    // The caller left. Its signal has told the handler; this ends a handler that does not listen.
    if (response.destroyed) await reader.cancel();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    response.once('drain', resolve).once('close', resolve);
  });
}
