import { OperatorError } from '@sallyport/infra/operator-error';
import { assertAnswered } from './assert-answered.ts';
import type { Closable, Contestant, Run } from './figure.ts';
import type { Load, LoadRequest } from './load-generator.ts';
import { measuredCatalog, silentCatalog, type MeasuredCatalog } from './measured-catalog.ts';
import { startMeasured } from './measured-process.ts';

/** Connections of the load, each with one request under way. */
const connections = 64;
/** Of as many people as there are tokens: each connection shows its own again and again. */
const sessions = 16;

/** The product that catalog's fixture holds in memory: 1 KB of JSON. */
export const heldId = '019b8d20-0000-7000-8000-000000000001';

/** `header`: which one holds a token. Any but `authorization` is one that nobody looks at. */
type ReadOptions = Readonly<{ procedure: string; id: string; header?: 'authorization' | 'x-unread' }>;

export type ReadContestants = Readonly<{
  /** The real catalog, asked for a product. */
  catalog: (name: string, read: ReadOptions) => Promise<Contestant>;
  /** The same without log, metrics and traces. */
  silentCatalog: (name: string, read: ReadOptions) => Promise<Contestant>;
  /** One of `programs/read-server.ts`, answering what catalog answers for the product that it holds. */
  server: (name: string) => Promise<Contestant>;
  /** An id of a product in the database. */
  storedId: string;
  close: () => Promise<void>;
}>;

/** Servers that answer the same read, and the load that asks them. */
export async function openReadContestants(run: Run): Promise<ReadContestants> {
  const catalog = await run.shared(measuredCatalog);
  const load = await run.load();
  const tokens = await catalog.signIn(sessions);
  const opened: Closable[] = [];
  const answered = await fetch(`${catalog.url}${requestOf('products.get', heldId).path}`);
  const body = await answered.text();

  async function contestant(name: string, asked: Asked): Promise<Contestant> {
    const { pid, ...what } = asked;
    await assertAnswered(what);
    return { name, round: (forMs) => load.send({ ...what, connections, forMs }, pid) };
  }

  return {
    catalog: (name, read) => contestant(name, askedOf(catalog, read, tokens)),
    silentCatalog: async (name, read) => {
      const silent = await silentCatalog(run);
      opened.push(silent);
      return contestant(name, askedOf(silent, read, await silent.signIn(sessions)));
    },
    server: async (name) => {
      const { product, headers } = { product: productOf(body), headers: servedHeaders(answered.headers) };
      const settings = { CONTESTANT: name, ISSUER: catalog.issuer, PRODUCT: product, HEADERS: JSON.stringify(headers) };
      const server = await startMeasured({ program: 'read-server.ts', launcher: run.pinning.measured, settings });
      opened.push({ close: server.stop });
      const requests = tokens.map((token) => ({ ...requestOf('products.get', heldId), headers: bearing(token) }));
      // The same bytes, all of them.
      return contestant(name, { url: server.url, pid: server.pid, requests, containing: body, polls: true });
    },
    storedId: await storedProduct(catalog.url),
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
    },
  };
}

type Asked = Pick<Load, 'url' | 'requests' | 'containing' | 'polls'> & Readonly<{ pid: number | undefined }>;

function askedOf(
  { url, pid }: MeasuredCatalog,
  { procedure, id, header }: ReadOptions,
  tokens: readonly string[],
): Asked {
  const request = requestOf(procedure, id);
  const requests =
    header === undefined ? [request] : tokens.map((token) => ({ ...request, headers: bearing(token, header) }));
  // PostgreSQL is on the load's processor, and has nothing to do for what is in memory.
  return { url, pid, requests, containing: id, polls: id === heldId };
}

function requestOf(procedure: string, id: string): LoadRequest {
  return { path: `/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify({ id }))}` };
}

function bearing(token: string, header = 'authorization'): Readonly<Record<string, string>> {
  return { [header]: `Bearer ${token}` };
}

function productOf(body: string): string {
  const [, product = ''] = /^\{"result":\{"data":(.*)\}\}$/.exec(body) ?? [];
  return product;
}

/** All that catalog sends, but what Node adds by itself. */
function servedHeaders(headers: Headers): Readonly<Record<string, string>> {
  const added = new Set(['date', 'connection', 'keep-alive', 'content-length', 'content-type', 'transfer-encoding']);
  return Object.fromEntries(Array.from(headers).filter(([name]) => !added.has(name)));
}

async function storedProduct(url: string): Promise<string> {
  const answer = await fetch(`${url}/trpc/products.list?input=${encodeURIComponent('{"limit":1}')}`);
  const [, id] = /"id":"([0-9a-f-]{36})"/.exec(await answer.text()) ?? [];
  if (id === undefined) throw new OperatorError('Catalog lists no product.');
  return id;
}
