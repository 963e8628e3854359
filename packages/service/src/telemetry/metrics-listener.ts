import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { listen } from '../listen.ts';

export type MetricsListener = Readonly<{ /** Where `/metrics` is. */ url: string; close: () => Promise<void> }>;

type Listening = Readonly<{ host: string; port: number; answerMetrics: (response: ServerResponse) => void }>;

/**
 * Answers `GET /metrics` at an address of its own, which is for whoever reads the metrics and nobody else: who may reach it is
 * the network's to say. It is asked for no token, and answers nothing but numbers.
 * @throws SettingsError when the address cannot be listened on
 */
export async function openMetricsListener({ host, port, answerMetrics }: Listening): Promise<MetricsListener> {
  const server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    if (request.method === 'GET' && request.url === '/metrics') return answerMetrics(response);
    response.writeHead(404, { Connection: 'close' }).end();
  });
  server.maxConnections = 20;
  const url = await listen(server, { host, port, setting: 'METRICS_PORT' });
  return {
    url: `${url}/metrics`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
