import { Agent, request } from 'node:http';

export type Prepared = Readonly<{
  path: string;
  body: string;
  type: 'application/json' | 'application/x-www-form-urlencoded';
}>;

/** What came back, without what differs in every answer: date and trace. */
export type Timed = Readonly<{ ms: number; status: number; body: string }>;

export type TimedPost = Readonly<{ post: (prepared: Prepared) => Promise<Timed>; close: () => void }>;

/** Posts one request after the other over one connection, and times each from its first byte out to its last byte in. */
export function openTimedPost(origin: string): TimedPost {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = ({ path, body, type }: Prepared) =>
    new Promise<Timed>((resolve, reject) => {
      const headers = { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
      const startedAt = performance.now();
      const sent = request(`${origin}${path}`, { method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            ms: performance.now() - startedAt,
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { post, close: () => agent.destroy() };
}
