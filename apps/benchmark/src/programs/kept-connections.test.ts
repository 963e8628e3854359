import { createServer } from 'node:http';
import { expect, test, vi } from 'vitest';
import { listenLocally } from '../listen-locally.ts';
import { connectionsTo, keepConnections } from './kept-connections.ts';

test('connections are there for the next user; what the server closed meanwhile is opened anew', async () => {
  let accepted = 0;
  const server = createServer().on('connection', () => (accepted += 1));
  const origin = await listenLocally(server);

  const first = await connectionsTo(origin, 2);
  const other = await connectionsTo(origin, 1);
  expect(first).not.toContain(other[0]);
  keepConnections(origin, first);
  const second = await connectionsTo(origin, 3);
  expect(second.filter((connection) => first.includes(connection))).toHaveLength(2);

  const [broken, ...whole] = second;
  const failed = new Promise<Error>((resolve) => {
    if (broken !== undefined) broken.fail = resolve;
  });
  broken?.socket.destroy();
  expect((await failed).message).toBe('The server closed a connection.');
  keepConnections(origin, second);
  const third = await connectionsTo(origin, 3);
  expect(third).not.toContain(broken);
  expect(third.filter((connection) => whole.includes(connection))).toHaveLength(2);
  await vi.waitFor(() => expect(accepted).toBe(5));

  for (const { socket } of [...third, ...other]) socket.destroy();
  server.close();
});
