import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeAfter } from './http-answer.ts';
import type { Exchange } from './http-exchange.ts';

/** The exchanges under way, and whether new ones are still welcome. */
export function openExchanges() {
  // By connection, which lives for many requests. A Set of all exchanges makes itself a new table every hundred requests; the first old table
  // that outlives a young collection keeps each later one, and all that stood in it, until the next full collection.
  const open = new Map<Duplex, Exchange[]>();
  const streams = new Set<Exchange>();
  let stopping = false;
  // A caller may send its next requests before it has the first answer, so there can be several.
  const on = (socket: Duplex): readonly Exchange[] => open.get(socket) ?? [];
  const all = (): readonly Exchange[] => [...open.values()].flat();
  // Node tells only the response that is being written that its connection is gone, not those that wait behind it.
  const forget = (socket: Duplex): void => {
    for (const { abort } of on(socket)) abort.abort();
    open.delete(socket);
  };

  return {
    isStopping: () => stopping,
    /** The exchanges under way on one connection. */
    on,
    add: (exchange: Exchange): void => {
      const { socket } = exchange.request;
      const others = open.get(socket);
      if (others === undefined) {
        open.set(socket, [exchange]);
        socket.once('close', () => forget(socket));
      } else {
        others.push(exchange);
      }
      if (stopping) closeAfter(exchange);
    },
    /** Its response is closed: done, or cut. */
    remove: (exchange: Exchange): void => {
      const { socket } = exchange.request;
      const others = open.get(socket) ?? [];
      const at = others.indexOf(exchange);
      if (at !== -1) others.splice(at, 1);
      streams.delete(exchange);
      // A stream that was open when the stop began has told its caller that the connection stays.
      if (stopping && others.length === 0) socket.destroySoon();
    },
    markStream: (exchange: Exchange): void => {
      if (stopping) exchange.abort.abort();
      else streams.add(exchange);
    },
    stop: (): void => {
      stopping = true;
      for (const exchange of all()) if (!exchange.response.headersSent) closeAfter(exchange);
      for (const { abort } of streams) abort.abort();
    },
    abortAll: (): void => {
      for (const { abort } of all()) abort.abort();
    },
  };
}

export type OpenExchanges = ReturnType<typeof openExchanges>;

/**
 * Stops servers: no new connection, no new request, streams ended, and `withinMs` for the calls under way. What is not
 * done by then is told so (its signal aborts) and loses its connection.
 */
export async function drain(servers: readonly Server[], exchanges: OpenExchanges, withinMs: number): Promise<void> {
  const closed = Promise.all(servers.map((server) => once(server, 'close')));
  exchanges.stop();
  for (const server of servers) server.close();
  const timer = setTimeout(() => {
    exchanges.abortAll();
    for (const server of servers) server.closeAllConnections();
  }, withinMs);
  await closed;
  clearTimeout(timer);
}
