import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A network between the authority and its services that can be made worse. It knows the revocation feed from everything
 * else by the request that goes out, so that questions can be answered while the feed stands still.
 */
export type AuthorityProxy = Readonly<{
  url: string;
  /** While true, what the feed sends goes no further; connections stay open. */
  freezeFeed: (frozen: boolean) => void;
  /** Milliseconds that everything is held back, each way. */
  delay: (milliseconds: number) => void;
  close: () => void;
}>;

export async function openAuthorityProxy(authorityPort: number, port = 0): Promise<AuthorityProxy> {
  const sockets = new Set<Socket>();
  let kept: (() => void)[] = [];
  let frozen = false;
  let delayMs = 0;

  const pass = (chunk: Uint8Array | string, to: Socket): void => {
    const send = (): void => void (to.destroyed || to.write(chunk));
    if (delayMs === 0) send();
    else setTimeout(send, delayMs);
  };

  const server = createServer((near) => {
    const far = connect(authorityPort, '127.0.0.1');
    let carriesFeed = false;
    near.on('data', (chunk) => {
      const request = /^(?:GET|POST) (\S+)/.exec(chunk.toString())?.[1];
      if (request !== undefined) carriesFeed = request.includes('internal.revocations');
      pass(chunk, far);
    });
    far.on('data', (chunk) => {
      if (frozen && carriesFeed) kept.push(() => pass(chunk, near));
      else pass(chunk, near);
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has an address with a port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    freezeFeed: (value) => {
      frozen = value;
      if (frozen) return;
      for (const send of kept) send();
      kept = [];
    },
    delay: (milliseconds) => {
      delayMs = milliseconds;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
