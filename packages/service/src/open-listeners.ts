import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { publicUrlReader, type PublicUrlOf } from './http-exchange.ts';
import { listen } from './listen.ts';
import { mutualTlsServer, type MutualTls } from './mutual-tls.ts';

type Listening = Readonly<{
  host: string;
  port: number;
  publicUrls?: readonly string[];
  mutualTls?: MutualTls | undefined;
  maxConnections?: number;
  receiveWithinMs?: number;
}>;

type Handlers = Readonly<{
  onRequest: (request: IncomingMessage, response: ServerResponse, publicUrlOf: PublicUrlOf) => void;
  onUnreadable: (error: Error, socket: Duplex) => void;
}>;

type Listeners = Readonly<{ servers: readonly Server[]; url: string; mutualTlsUrl?: string }>;

/** Listens for everybody, and at a second address for the services of the house, if they are to show certificates. */
export async function openListeners(listening: Listening, handlers: Handlers): Promise<Listeners> {
  const { host, port, mutualTls, maxConnections = 2000 } = listening;
  const settings = serverSettings(listening.receiveWithinMs);

  const open = async (server: Server, address: Parameters<typeof listen>[1], named?: readonly string[]) => {
    let publicUrlOf = publicUrlReader(named ?? []);
    server.on('request', (request, response) => handlers.onRequest(request, response, publicUrlOf));
    server.on('clientError', handlers.onUnreadable);
    server.maxConnections = maxConnections;
    const url = await listen(server, address);
    if (named === undefined || named.length === 0) publicUrlOf = publicUrlReader(ownUrls(url));
    return url;
  };

  const server = createServer(settings);
  const url = await open(server, { host, port }, listening.publicUrls);
  if (mutualTls === undefined) return { servers: [server], url };
  const tlsServer = createTlsServer({ ...settings, ...mutualTlsServer(mutualTls.shown) });
  const address = { host, port: mutualTls.port, scheme: 'https', setting: 'MTLS_PORT' } as const;
  try {
    return { servers: [server, tlsServer], url, mutualTlsUrl: await open(tlsServer, address) };
  } catch (error) {
    server.close();
    throw error;
  }
}

function serverSettings(receiveWithinMs = 15_000): ServerOptions {
  return {
    maxHeaderSize: 16 * 1024,
    headersTimeout: Math.min(10_000, receiveWithinMs),
    requestTimeout: receiveWithinMs,
    keepAliveTimeout: 10_000,
    // How often Node looks for connections past these times: its own 30 s would make 10 s mean 40.
    connectionsCheckingInterval: Math.min(1000, receiveWithinMs),
    // A request that announces no body has none to be waited for: its stream is at its end from the start.
    optimizeEmptyRequests: true,
  };
}

function ownUrls(url: string): readonly string[] {
  const { protocol, hostname, port } = new URL(url);
  const isLoopback = hostname === '127.0.0.1' || hostname === '[::1]';
  return isLoopback ? [url, `${protocol}//localhost:${port}`] : [url];
}
