import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { callTRPCProcedure } from '@trpc/server';
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import fastify from 'fastify';
import { Hono } from 'hono';
import { listenLocally } from '../listen-locally.ts';
import { takeOrders } from '../orders.ts';
import { guardedRouter, openRouter, product, type PlainContext } from './plain-catalog.ts';

// One server that answers a read of the same product, named by CONTESTANT.

const { CONTESTANT = '', ISSUER = '', HEADERS = '{}' } = process.env;
const endpoint = '/trpc';
const body = JSON.stringify({ result: { data: product } });

const contextOf = (request: Pick<IncomingMessage, 'headers'>): PlainContext => ({
  authorization: request.headers.authorization,
});

/** Nothing but HTTP: the most that any server on Node can do. */
function sameBytes(headers: Readonly<Record<string, string>>): RequestListener {
  const sent = { ...headers, 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) };
  return (_request, response) => {
    response.writeHead(200, sent);
    response.end(body);
  };
}

/** tRPC's core without an adapter, and without anything that a service needs beside it: no limits, no log, no errors, no abort. */
const bareProcedure: RequestListener = (request, response) => {
  const [path = '', query = ''] = (request.url ?? '').slice(endpoint.length + 1).split('?input=');
  const input: unknown = JSON.parse(decodeURIComponent(query));
  void callTRPCProcedure({
    router: openRouter,
    path,
    getRawInput: async () => input,
    ctx: contextOf(request),
    type: 'query',
    signal: undefined,
    batchIndex: 0,
  }).then((data: unknown) => {
    const answer = JSON.stringify({ result: { data } });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) });
    response.end(answer);
  });
};

async function onFastify(): Promise<string> {
  const server = fastify();
  await server.register(fastifyTRPCPlugin, {
    prefix: endpoint,
    trpcOptions: {
      router: openRouter,
      createContext: ({ req }: { req: { headers: IncomingMessage['headers'] } }) => contextOf(req),
    },
  });
  return server.listen({ port: 0, host: '127.0.0.1' });
}

function onHono(): RequestListener {
  const app = new Hono();
  app.all(`${endpoint}/*`, (context) =>
    fetchRequestHandler({
      endpoint,
      req: context.req.raw,
      router: openRouter,
      createContext: ({ req }) => ({ authorization: req.headers.get('authorization') ?? undefined }),
    }),
  );
  const listener = getRequestListener(app.fetch);
  return (request, response) => void listener(request, response);
}

const standalone = (router: typeof openRouter): RequestListener =>
  createHTTPHandler({ router, basePath: `${endpoint}/`, createContext: ({ req }) => contextOf(req) });

const servers: Readonly<Record<string, () => Promise<string>>> = {
  'node:http': () => listenLocally(createServer(sameBytes({}))),
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what we were started with
  'node:http, all headers': () => listenLocally(createServer(sameBytes(JSON.parse(HEADERS) as Record<string, string>))),
  'bare procedure': () => listenLocally(createServer(bareProcedure)),
  'tRPC standalone': () => listenLocally(createServer(standalone(openRouter))),
  'tRPC standalone and jose': () => listenLocally(createServer(standalone(guardedRouter(ISSUER)))),
  'tRPC on Fastify': onFastify,
  'tRPC on Hono': () => listenLocally(createServer(onHono())),
};

const start = servers[CONTESTANT];
if (start === undefined) throw new Error(`There is no server ${CONTESTANT}.`);
takeOrders({}, await start());
