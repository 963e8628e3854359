import { maxTokenLength } from '@sallyport/auth';
import type { CallQuery } from './call-query.ts';
import type { Exchange } from './http-exchange.ts';
import { refuseRequest } from './refusal.ts';

const maxPathLength = 2048;
const maxQueryLength = 8192;
const maxHeaderLines = 100;
const maxCredentialLength = maxTokenLength + 'Bearer '.length;
const credentialHeaders = ['authorization', 'txn-token'];
const maxNesting = 32;

/**
 * Refuses what no endpoint takes, from the request line and the headers alone. Node itself has refused malformed framing
 * (two lengths, a length beside chunks, bare line feeds) and header blocks over 16 kB.
 */
export function checkHead({ request, path, query, headers }: Exchange): void {
  if (!path.startsWith('/')) refuseRequest('invalid_request');
  if (path.length > maxPathLength || query.length > maxQueryLength) refuseRequest('uri_too_long');
  if (request.rawHeaders.length > maxHeaderLines * 2) refuseRequest('headers_too_large');
  for (const name of credentialHeaders)
    for (const { length } of headers(name)) if (length > maxCredentialLength) refuseRequest('invalid_request');
}

/** A GET that carries a body is somebody's attempt to hide a second request in it. */
export function checkNoBody({ headers }: Exchange): void {
  if (headers('transfer-encoding').length > 0 || headers('content-length').some((length) => Number(length) !== 0)) {
    refuseRequest('invalid_request');
  }
}

/** One content type of exactly this media type, with any parameters; not compressed. */
export function checkContentType({ headers }: Exchange, mediaType: string): void {
  const [contentType = '', second] = headers('content-type');
  const [received = ''] = contentType.split(';', 1);
  const isEncoded = headers('content-encoding').length > 0;
  if (second !== undefined || isEncoded || received.trim().toLowerCase() !== mediaType) {
    refuseRequest('unsupported_media_type');
  }
}

/** The calls of a batch are named in its path, separated by commas. */
export function checkBatch({ path }: Exchange, { isBatch }: CallQuery, maxBatchSize: number): void {
  if (!isBatch) return;
  const calls = decodePath(path).split(',').length;
  if (calls > maxBatchSize) refuseRequest('too_many_calls');
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return refuseRequest('invalid_request');
  }
}

/** JSON nested deeper than any input of ours. What walks such a value recursively would run out of stack. */
export function checkNesting(json: string): void {
  let depth = 0;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (character === '"') index = stringEnd(json, index);
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > maxNesting) refuseRequest('invalid_request');
  }
}

/** Where a string ends that begins at `start`, found by a search: most of a body is strings, and looking at each character takes longer. */
function stringEnd(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end === -1 ? json.length : end;
}

/** Behind an odd number of backslashes. */
function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}
