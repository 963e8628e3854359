import { Agent, request } from 'node:http';
import { z } from 'zod';

/** A request to `/trpc/`, good or bad. Header lines are in pairs, so that one can come twice. */
export type Sent = Readonly<{
  method: string;
  path: string;
  headers: readonly (readonly [string, string])[];
  body: string | undefined;
}>;

/** What a caller can tell two servers apart by, and what one reads in their logs. */
export type Received = Readonly<{
  status: number | undefined;
  headers: readonly string[];
  text: string;
  refused: readonly string[];
}>;

/** Where a service listens, and the lines of its log as they come. */
export type Side = Readonly<{ url: string; lines: readonly string[] }>;

/** Sends the same requests to services that should not be told apart, each over one connection. */
export function twoSides(services: readonly Side[]) {
  const sides = services.map(({ url, lines }) => ({
    lines,
    agent: new Agent({ keepAlive: true, maxSockets: 1 }),
    port: new URL(url).port,
  }));
  return {
    /** The same request to both, and what each made of it. */
    send: (sent: Sent): Promise<Received[]> => Promise.all(sides.map((side) => receive(side, sent))),
    stop: (): void => {
      for (const { agent } of sides) agent.destroy();
    },
  };
}

type OpenSide = Readonly<{ lines: readonly string[]; agent: Agent; port: string }>;

async function receive({ lines, agent, port }: OpenSide, sent: Sent): Promise<Received> {
  const { status, rawHeaders, text } = await exchange(agent, port, sent);
  const line = lines.findLast((written) => written.includes('"msg":"request"'));
  const { refused = [] } = logged.parse(JSON.parse(line ?? '{}'));
  // tRPC keeps it to itself when a call of a batch turned out to be a stream.
  const told = refused.filter((reason) => reason !== 'unsupported_media_type');
  return { status, headers: comparable(rawHeaders), text, refused: told };
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
