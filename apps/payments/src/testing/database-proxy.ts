import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to the database that can be cut. `url` leads through it. */
export async function openDatabaseProxy(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let losing: string | undefined;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    near.on('data', (chunk) => {
      far.write(chunk);
      if (losing === undefined || !chunk.includes(losing)) return;
      losing = undefined;
      // The question is on its way; the answer ends here.
      far.once('data', () => near.destroy());
      far.off('data', answerNear);
    });
    const answerNear = (chunk: Buffer): boolean => near.write(chunk);
    far.on('data', answerNear);
    near.on('close', () => far.end());
    far.on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = new URL(databaseUrl);
  if (typeof address === 'object' && address !== null) url.port = String(address.port);
  return {
    url: url.href,
    /** Lets the next statement with this text reach the database, and loses its answer with the connection. */
    loseAnswerTo: (text: string) => (losing = text),
    cut: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
