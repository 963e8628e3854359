import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Sends bytes as they are, half-closes, and answers all that comes back until the server closes. */
export function sendBytes(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    // latin1: each character below U+0100 is the byte of that number.
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
      socket.end(bytes, 'latin1');
    });
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    socket.on('close', () => resolve(received));
    // A server that closes on what it cannot read may reset the connection: that is an answer too.
    socket.on('error', (error) => ('code' in error && error.code === 'ECONNRESET' ? resolve(received) : reject(error)));
  });
}

export type HeaderLines = readonly (readonly [name: string, value: string])[];

export type RawRequest = Readonly<{ method?: string; lines: HeaderLines; body?: string }>;

/** One request with exactly these header lines, which may come several times and in any spelling. */
export function sendLines(url: string, { method = 'GET', lines, body = '' }: RawRequest) {
  return new Promise<{ status: number; traceId: string; text: string }>((resolve, reject) => {
    const framing = method === 'GET' ? [] : ['content-length', String(Buffer.byteLength(body))];
    const headers = ['host', new URL(url).host, 'connection', 'close', ...framing, ...lines.flat()];
    const outgoing = request(url, { method, headers }, (response) => {
      text(response).then(
        (received) =>
          resolve({
            status: response.statusCode ?? 0,
            traceId: String(response.headers['request-id']),
            text: received,
          }),
        reject,
      );
    });
    outgoing.on('error', reject).end(body);
  });
}
