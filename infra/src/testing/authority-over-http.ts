import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { systemClock, type IntrospectionQuestion } from '@sallyport/auth';
import { testAuthority, type TestAuthority } from '@sallyport/auth/testing';
import * as z from 'zod';

const questions: z.ZodType<readonly IntrospectionQuestion[]> = z.array(
  z.object({ tokenId: z.string(), session: z.string(), subject: z.string(), client: z.string() }),
);

export type AuthorityOverHttp = Readonly<{ authority: TestAuthority; url: string; close: () => Promise<void> }>;

/** The authority of `@sallyport/auth/testing` behind real HTTP, with real time: keys, introspection, and revocations by line. */
export async function authorityOverHttp(credential: string): Promise<AuthorityOverHttp> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${portOf(server)}`;
  const authority = await testAuthority(systemClock, url);
  const beating = setInterval(authority.beat, 200);

  server.on('request', (request, response) => {
    answer({ authority, credential }, request, response).catch(() => response.writeHead(503).end());
  });
  return {
    authority,
    url,
    close: async () => {
      clearInterval(beating);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Served = Readonly<{ authority: TestAuthority; credential: string }>;

async function answer(
  { authority, credential }: Served,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('content-type', 'application/json');
  const { pathname } = new URL(request.url ?? '/', authority.issuer);
  if (pathname === '/jwks') return void response.end(JSON.stringify(authority.keySet()));
  if (request.headers.authorization !== `Bearer ${credential}`) return void response.writeHead(401).end();
  if (pathname === '/revocations') return follow(authority, response);
  const signal = AbortSignal.timeout(1000);
  const answers =
    pathname === '/introspect'
      ? await authority.introspect(questions.parse(await json(request)), signal)
      : await authority.feed.askPosition(signal);
  response.end(JSON.stringify(answers));
}

function follow(authority: TestAuthority, response: ServerResponse): void {
  const stop = authority.feed.open(undefined, {
    onMessage: (message) => response.write(`${JSON.stringify(message)}\n`),
    onEnd: () => response.end(),
  });
  response.once('close', stop);
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return address.port;
}
