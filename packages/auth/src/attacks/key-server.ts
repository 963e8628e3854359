import { createServer, type RequestListener } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

/** A real HTTP server on loopback that answers as `respond` says, and counts. */
export async function keyServer(first: RequestListener) {
  const state = { respond: first, asked: 0 };
  const server = createServer((request, response) => {
    state.asked += 1;
    state.respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    state,
    url: `http://127.0.0.1:${address.port}/keys`,
    close: (): void => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Answers with JSON: a text as it is, anything else as it is written. */
export function answer(body: unknown, change: Readonly<{ status?: number; type?: string }> = {}): RequestListener {
  return (_request, response) => {
    response
      .writeHead(change.status ?? 200, { 'content-type': change.type ?? 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** A new public key as an issuer publishes it. */
export async function publicJwk(kid: string, change: Readonly<Record<string, unknown>> = {}): Promise<JWK> {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig', ...change };
}
