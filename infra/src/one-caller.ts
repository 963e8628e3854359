import { Agent, request } from 'node:http';

type Answered = Readonly<{ status: number; body: string }>;

/** One caller with one connection, who asks again when it is answered. */
export type Caller = Readonly<{
  get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answered>;
  /** JSON, unless a `content-type` says something else. */
  post: (path: string, body: string, headers?: Readonly<Record<string, string>>) => Promise<Answered>;
  close: () => void;
}>;

/** Over `node:http`: one connection that stays open, and no more work for a request than it takes. */
export function openCaller(origin: string): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { hostname, port } = new URL(origin);
  const send = (method: 'GET' | 'POST', path: string, { headers, body }: Sent) =>
    new Promise<Answered>((resolve, reject) => {
      const asked = request({ agent, hostname, port, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      asked.on('error', reject);
      asked.end(body);
    });
  return {
    get: (path, headers = {}) => send('GET', path, { headers, body: '' }),
    post: (path, body, headers = {}) => {
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      return send('POST', path, { headers: { 'content-type': 'application/json', ...length, ...headers }, body });
    },
    close: () => agent.destroy(),
  };
}

type Sent = Readonly<{ headers: Readonly<Record<string, string>>; body: string }>;
