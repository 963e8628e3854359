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

export function sendAnswer(exchange: Exchange, { status, headers = {}, json, body }: HttpAnswer): void {
  const { answerHeaders, request } = exchange;
  for (const [name, value] of Object.entries(headers)) sayInstead(answerHeaders, name, value);
  // Bytes of the body may still be on their way: the connection cannot be used for another request.
  if (!request.complete) closeAfter(exchange);
  if (body !== undefined) send(exchange, status, body);
  else if (json !== undefined) send(exchange, status, { type: 'application/json', text: JSON.stringify(json) });
  else sendNothing(exchange, status);
}

/** A route may say otherwise what every answer says, such as how long it may be kept. */
function sayInstead(answerHeaders: string[], name: string, value: string): void {
  const at = answerHeaders.findIndex((said, index) => index % 2 === 0 && said.toLowerCase() === name.toLowerCase());
  if (at === -1) answerHeaders.push(name, value);
  else answerHeaders[at + 1] = value;
}

/** Sends what came of plain calls. */
export function sendCallAnswer(exchange: Exchange, { status, headers, text }: CallAnswer): void {
  for (const [name, value] of Object.entries(headers)) exchange.answerHeaders.push(name, value);
  exchange.answerHeaders.push('Vary', 'trpc-accept, accept');
  send(exchange, status, { type: 'application/json', text });
}

/** Has the connection closed when the answer is out. */
export function closeAfter({ answerHeaders }: Pick<Exchange, 'answerHeaders'>): void {
  if (!answerHeaders.includes('Connection')) answerHeaders.push('Connection', 'close');
}

export function sendNothing({ response, answerHeaders }: Exchange, status: number): void {
  if (status !== 204) answerHeaders.push('Content-Length', '0');
  response.writeHead(status, answerHeaders).end();
}

function send(
  { response, answerHeaders }: Exchange,
  status: number,
  { type, text }: { type: string; text: string },
): void {
  answerHeaders.push('Content-Type', type, 'Content-Length', String(Buffer.byteLength(text)));
  response.writeHead(status, answerHeaders).end(text);
}

// Ours, or Node's, to set.
const keptHeaders = new Set(['cache-control', 'connection', 'content-type', 'transfer-encoding', 'vary']);

/** Sends what tRPC answered: JSON at once, a stream as it comes. Resolves when the last byte was handed over. */
export async function sendWebResponse(exchange: Exchange, web: Response): Promise<void> {
  const { response, answerHeaders } = exchange;
  for (const [name, value] of web.headers) if (!keptHeaders.has(name)) answerHeaders.push(name, value);
  answerHeaders.push('Vary', web.headers.get('vary') ?? 'Accept');
  const type = web.headers.get('content-type') ?? 'application/json';
  const isStream = web.headers.has('transfer-encoding') || type === 'text/event-stream';
  if (web.body === null || !isStream) {
    send(exchange, web.status, { type, text: await web.text() });
    return;
  }
  // A proxy that compresses or buffers would hold events back.
  sayInstead(answerHeaders, 'Cache-Control', 'no-store, no-transform');
  answerHeaders.push('Content-Type', type);
  response.writeHead(web.status, answerHeaders).flushHeaders();
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
