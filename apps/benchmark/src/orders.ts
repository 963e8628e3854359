import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenLocally } from './listen-locally.ts';

type Order = (input: never) => unknown;

/** Names of the orders that a program takes, and what each answers. JSON both ways. */
export type Orders = Readonly<Record<string, Order>>;

/** What a program of the benchmark tells when it is ready. */
export type Ready = Readonly<{ pid: number; orders: string; url?: string }>;

export const readyMark = 'benchmark program ready ';

/**
 * The inside of a program of the benchmark: takes orders over HTTP from whoever started it, and says so on standard output.
 * `url`: where it serves what is measured, if it is a server.
 */
export function takeOrders(orders: Orders, url?: string): void {
  const server = createServer((request, response) => {
    carryOut(orders, request).then(
      (answer) => response.end(JSON.stringify({ answer: answer ?? null })),
      (error: unknown) =>
        response.end(JSON.stringify({ failed: error instanceof Error ? error.stack : String(error) })),
    );
  });
  void listenLocally(server).then((origin) => {
    const ready: Ready = { pid: process.pid, orders: origin, ...(url !== undefined && { url }) };
    process.stdout.write(`${readyMark}${JSON.stringify(ready)}\n`);
  });
}

async function carryOut(orders: Orders, request: IncomingMessage): Promise<unknown> {
  const order = orders[request.url?.slice(1) ?? ''];
  if (order === undefined) throw new Error(`This program takes no order ${request.url}.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both ends are the same program's two halves
  return order(JSON.parse(await text(request)) as never);
}
