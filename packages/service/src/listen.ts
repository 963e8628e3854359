import { once } from 'node:events';
import type { Server } from 'node:http';
import { SettingsError } from './environment.ts';

type Address = Readonly<{
  host: string;
  port: number;
  scheme?: 'http' | 'https';
  /** Names the port. */ setting?: string;
}>;

/** Listens and answers the URL. Throws a SettingsError that says what to do when the address is not to be had. */
export async function listen(server: Server, listening: Address): Promise<string> {
  const { host, port, scheme = 'http' } = listening;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new SettingsError(explain(error, listening));
  }
  const address = server.address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${boundPort}`;
}

function explain(error: unknown, { host, port, setting = 'PORT' }: Address): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `Port ${port} is taken: stop what listens there, or set ${setting}.`;
  if (code === 'EACCES') return `Port ${port} is not open to this user: set ${setting} to 1024 or more.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `This machine has no address ${host}: set HOST, for instance to 127.0.0.1.`;
  return `Cannot listen on ${host}, port ${port} (${String(code)}): set HOST and ${setting}.`;
}
