import { Agent, request } from 'node:http';
import { z } from 'zod';
import type { LoadRequest } from './load-generator.ts';

type Answered = Readonly<{ status: number; body: string }>;

/** One caller with one connection, who asks again when it is answered. */
export type Caller = Readonly<{
  get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answered>;
  /** JSON, unless a `content-type` says something else. */
  post: (path: string, body: string, headers?: Readonly<Record<string, string>>) => Promise<Answered>;
  close: () => void;
}>;

/** For what is asked by the hundred: the load generator is for what is asked by the ten thousand. */
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

const succeeded = z.object({ result: z.object({ data: z.unknown() }) });

/** What a mutation, or a query that came as one, answered. Rejects when it was refused. */
export async function callProcedure(
  caller: Caller,
  { path, body = '', headers }: Pick<LoadRequest, 'path' | 'body' | 'headers'>,
): Promise<unknown> {
  const answer = await caller.post(path, body, headers);
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.body.slice(0, 200)}`);
  return succeeded.parse(JSON.parse(answer.body)).result.data;
}
