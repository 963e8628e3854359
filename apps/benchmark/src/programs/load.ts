import type { LoadAnswer, LoadOrder, LoadRequest } from '../load-generator.ts';
import { takeOrders } from '../orders.ts';
import { shareOf } from '../processor-use.ts';
import { latencyOf } from '../statistics.ts';
import { readAnswers } from './answer-reader.ts';
import { connectionsTo, keepConnections, type Connection } from './kept-connections.ts';

// Sends requests over raw sockets, one at a time on each: the least that a client can do, so that the server is what is measured.

const leadInMs = 150;

takeOrders({ send });

async function send(load: LoadOrder): Promise<LoadAnswer> {
  const { origin, host } = new URL(load.url);
  const messages = messagesOf(load, host);
  const connections = await connectionsTo(origin, load.connections);
  const latencies: number[] = [];
  let sent = 0;
  const beganAtMs = performance.now();
  // The beginning is not counted: a process that others took turns with needs some hundred milliseconds to be at work again.
  const startedAtMs = beganAtMs + Math.min(leadInMs, load.forMs / 4);
  const endsAtMs = beganAtMs + load.forMs;
  const next = () => (performance.now() < endsAtMs ? messages[sent++ % messages.length] : undefined);
  const onAnswer = (ms: number) => {
    if (performance.now() >= startedAtMs) latencies.push(ms);
  };
  const stopPolling = load.polls === true ? keepPolling() : () => {};
  const talks = () => Promise.all(connections.map((connection) => converse(connection, { load, next, onAnswer })));
  const { coreShare } = await shareOf(load.pid, talks)
    .catch((error: unknown) => {
      for (const { socket } of connections) socket.destroy();
      throw error;
    })
    .finally(stopPolling);
  const ms = performance.now() - startedAtMs;
  keepConnections(origin, connections);
  if (latencies.length === 0) throw new Error('Nothing was answered.');
  const latency = latencyOf(latencies);
  return { answered: latencies.length, ms, latency, ...(coreShare !== undefined && { coreShare }) };
}

/** As bytes, by their places. */
const written: (readonly Buffer[])[] = [];

function messagesOf({ place, requests }: LoadOrder, host: string): readonly Buffer[] {
  if (requests !== undefined) written[place] = requests.map((request) => requestBytes(request, host));
  return written[place] ?? [];
}

/** Looks for answers in every turn of the event loop, instead of sleeping until there is one. */
function keepPolling(): () => void {
  let isOver = false;
  const poll = () => {
    if (!isOver) setImmediate(poll);
  };
  poll();
  return () => {
    isOver = true;
  };
}

type Conversation = Readonly<{
  load: LoadOrder;
  /** What to send now; `undefined` when it is over. */
  next: () => Buffer | undefined;
  onAnswer: (ms: number) => void;
}>;

/** Resolves when it is over; rejects at the first answer that is not the expected one. */
function converse(connection: Connection, { load, next, onAnswer }: Conversation): Promise<void> {
  const { socket } = connection;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sentAtMs = 0;
  const say = () => {
    const message = next();
    if (message === undefined) {
      resolve();
      return;
    }
    sentAtMs = performance.now();
    socket.write(message);
  };
  const read = readAnswers({ status: load.status ?? 200, containing: load.containing ?? '' }, () => {
    onAnswer(performance.now() - sentAtMs);
    say();
  });
  connection.take = (bytes) => {
    try {
      read(bytes);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
      socket.destroy();
    }
  };
  connection.fail = reject;
  say();
  return promise;
}

function requestBytes({ method = 'GET', path, headers = {}, body = '' }: LoadRequest, host: string): Buffer {
  const lines = Object.entries({
    host,
    ...headers,
    ...(method === 'POST' && { 'content-length': String(Buffer.byteLength(body)) }),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}
