import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What its user does with bytes that come, and when it breaks. */
export type Connection = { readonly socket: Socket; take: (bytes: Buffer) => void; fail: (error: Error) => void };

/** Servers close what says nothing for some seconds, Node's own after five. */
const keptForMs = 2000;

/** Those that are open and that nobody uses, by origin. */
const open = new Map<string, readonly Connection[]>();

/** Connections that were kept, and new ones where these are too few: a caller of a service has them open, and a short round has no time to open any. */
export async function connectionsTo(origin: string, count: number): Promise<readonly Connection[]> {
  const usable = (open.get(origin) ?? []).filter(({ socket }) => !socket.destroyed);
  const taken = usable.slice(0, count);
  open.set(origin, usable.slice(count));
  for (const { socket } of taken) socket.setTimeout(0);
  const missing = Array.from({ length: count - taken.length }, () => openConnection(new URL(origin)));
  return [...taken, ...(await Promise.all(missing))];
}

/** For the next user; closed after two seconds without one. Each has had its last answer. */
export function keepConnections(origin: string, connections: readonly Connection[]): void {
  for (const { socket } of connections) socket.setTimeout(keptForMs);
  open.set(origin, [...(open.get(origin) ?? []), ...connections]);
}

/** Where all answers are received: each is read before the next one comes. Node would have 64 KiB for each of them, and collect those. */
const received = Buffer.alloc(64 * 1024);

async function openConnection({ hostname, port }: URL): Promise<Connection> {
  const callback = (size: number) => {
    connection.take(received.subarray(0, size));
    return true;
  };
  const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread: { buffer: received, callback } });
  const connection: Connection = { socket, take: () => {}, fail: () => {} };
  await once(socket, 'connect');
  socket.on('timeout', () => socket.destroy());
  socket.on('error', (error) => connection.fail(error));
  socket.on('close', () => connection.fail(new Error('The server closed a connection.')));
  return connection;
}
