import { once } from 'node:events';
import type { Server } from 'node:http';

/** Listens on a free port of this machine. Closing breaks the connections that are open. */
export async function listenAnywhere(server: Server): Promise<{ url: string; close: () => void }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The test server has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
