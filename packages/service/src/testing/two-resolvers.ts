import { Agent, request } from 'node:http';
import { systemClock } from '@sallyport/auth';
import { testAuthority } from '@sallyport/auth/testing';
import { z } from 'zod';
import { exampleService, type ExampleRouter } from '../example-service.ts';
import type { ServeOptions } from '../index.ts';
import type { Sent } from './call-requests.ts';

/** What a caller can tell two servers apart by, and what one reads in their logs. */
export type Received = Readonly<{
  status: number | undefined;
  headers: readonly string[];
  text: string;
  effects: number;
  refused: readonly string[];
}>;

/** One service twice: once with the direct path, once with tRPC's resolver alone. They believe the same tokens. */
export async function twoResolvers(changes: Partial<ServeOptions<ExampleRouter>> = {}) {
  const authority = await testAuthority(systemClock);
  const direct = await exampleService(changes, authority);
  const official = await exampleService({ ...changes, directCalls: false }, authority);
  const sides = [direct, official].map((service) => ({
    service,
    agent: new Agent({ keepAlive: true, maxSockets: 1 }),
    port: new URL(service.url).port,
  }));

  return {
    authority,
    direct,
    official,
    /** The same request to both, and what each made of it. */
    send: (sent: Sent): Promise<Received[]> => Promise.all(sides.map((side) => receive(side, sent))),
    stop: async () => {
      for (const { agent } of sides) agent.destroy();
      await direct.stop();
      await official.stop();
    },
  };
}

type Side = Readonly<{ service: Awaited<ReturnType<typeof exampleService>>; agent: Agent; port: string }>;

async function receive({ service, agent, port }: Side, sent: Sent): Promise<Received> {
  const { status, rawHeaders, text } = await exchange(agent, port, sent);
  const { refused = [] } = logged.parse(JSON.parse(service.log.lines.at(-1) ?? '{}'));
  // tRPC keeps it to itself when a call of a batch turned out to be a stream.
  const told = refused.filter((reason) => reason !== 'unsupported_media_type');
  return { status, headers: comparable(rawHeaders), text, effects: service.effects.count, refused: told };
}

const logged = z.object({ refused: z.array(z.string()).optional() });

type Answer = Readonly<{ status: number | undefined; rawHeaders: readonly string[]; text: string }>;

function exchange(agent: Agent, port: string, { method, path, headers, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Host is not that of either, so that the address which a proof must name is the same.
    const lines = [['Host', 'example.test'], ...headers, ...(body === undefined ? [] : [lengthOf(body)])].flat();
    const asked = request({ host: '127.0.0.1', port, agent, method, path, headers: lines }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, rawHeaders: response.rawHeaders, text }));
      // A streamed result that JSON cannot say: the answer breaks off.
      response.on('error', () =>
        resolve({ status: response.statusCode, rawHeaders: response.rawHeaders, text: 'cut' }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function lengthOf(body: string): [string, string] {
  return ['Content-Length', String(Buffer.byteLength(body))];
}

/** Header lines without what differs from one request to the next. Their order means nothing (RFC 9110 §5.3). */
function comparable(rawHeaders: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!['date', 'request-id', 'dpop-nonce'].includes(name)) lines.push(`${name}: ${rawHeaders[index + 1]}`);
  }
  return lines.toSorted();
}
