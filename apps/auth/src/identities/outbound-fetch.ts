import { lookup as systemLookup } from 'node:dns';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isReachable, type Reach } from './reachable-address.ts';

export type OutboundOptions = Readonly<{
  reach: Reach;
  /** How names become addresses. Default: as the system does it. */
  lookup?: LookupFunction;
  /** Milliseconds for the whole answer, however slowly it drips. Default 5000. */
  withinMs?: number;
}>;

/** Metadata, key sets and token answers are a few kilobytes. */
const maxAnswerBytes = 64 * 1024;

/** Refused before, or instead of, talking to anybody. */
class UnreachableAddress extends Error {
  override readonly name = 'UnreachableAddress';
}

/**
 * A `fetch` for calling other people's servers, whose addresses we do not choose: an issuer's metadata names them. Every address that a
 * name stands for must be within `reach`, at the moment of the connection, so a name that changes its mind gains nothing. No redirect
 * is followed, no compressed answer is taken, and an answer ends at 64 kB and at `withinMs`. `https`, or `http` to this machine.
 *
 * Takes what `openid-client` and this house's key loading send: a URL, and a body that is text.
 */
export function outboundFetch({ reach, lookup = systemLookup, withinMs = 5000 }: OutboundOptions): typeof fetch {
  const guarded = guardLookup(lookup, reach);
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    refuseUrl(url, reach);
    const signal = AbortSignal.any([AbortSignal.timeout(withinMs), ...(init.signal ? [init.signal] : [])]);
    const headers = { ...Object.fromEntries(new Headers(init.headers)), 'accept-encoding': 'identity' };
    const sent = await send(
      url,
      { method: init.method ?? 'GET', headers, signal, lookup: guarded },
      bodyText(init.body),
    );
    return readResponse(sent);
  };
}

function refuseUrl({ protocol, hostname, username, password }: URL, reach: Reach): void {
  if (protocol !== 'https:' && !(protocol === 'http:' && reach === 'this machine')) {
    throw new UnreachableAddress('only https is called');
  }
  if (username !== '' || password !== '') throw new UnreachableAddress('a user or password stands in the address');
  // An address as it stands is never looked up. The URL has spelled it plainly already, however it was written.
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !isReachable(literal, reach)) throw new UnreachableAddress('the address is out of reach');
}

function guardLookup(lookup: LookupFunction, reach: Reach): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
      const [first] = addresses;
      // One that is out of reach makes the name suspect as a whole.
      if (first === undefined || !addresses.every(({ address }) => isReachable(address, reach))) {
        return callback(new UnreachableAddress('the name stands for an address out of reach'), '');
      }
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

function send(url: URL, options: RequestOptions, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? requestHttps : requestHttp;
    // A connection of its own: one that is kept could have been opened under other rules.
    const request = start(url, { ...options, agent: false, maxHeaderSize: 16 * 1024 }, resolve);
    request.once('error', reject);
    request.end(body);
  });
}

async function readResponse(incoming: IncomingMessage): Promise<Response> {
  const { statusCode: status = 0, rawHeaders } = incoming;
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (headers.has('content-encoding')) incoming.destroy(new Error('the answer is compressed'));
  const body: AsyncIterable<Uint8Array> = incoming;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error(`the answer is over ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  const hasNoBody = status === 204 || status === 205 || status === 304;
  return new Response(hasNoBody ? null : Buffer.concat(chunks), { status, headers });
}

function bodyText(body: RequestInit['body']): string {
  if (body === null || body === undefined) return '';
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString();
  throw new TypeError('only text is sent');
}
