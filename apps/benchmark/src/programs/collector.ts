import { createServer } from 'node:http';
import { listenLocally } from '../listen-locally.ts';
import { takeOrders } from '../orders.ts';

// Where traces go while services are measured: takes whatever it is sent, and keeps nothing.

const collector = createServer((request, response) => {
  request.resume();
  request.once('end', () => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'));
});

takeOrders({}, await listenLocally(collector));
