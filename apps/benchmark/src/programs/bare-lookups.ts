import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { IntrospectionQuestion } from '@sallyport/auth';
import { openIntrospectionReader } from '@sallyport/auth-service/measured/introspection';
import pg from 'pg';
import type { Round } from '../figure.ts';
import { listenLocally } from '../listen-locally.ts';
import { takeOrders } from '../orders.ts';
import { ownUse } from '../own-use.ts';

// Limits: what the authority looks up, with nothing around it. Sessions by their ids, in one prepared statement, on one connection
// that pipelines: many at once inside this process; and the same, or one alone, for each HTTP request. And the authority's own statement, which
// asks for everything that can end a session, for each HTTP request.

const { DATABASE_URL: databaseUrl = '' } = process.env;
const reader = openIntrospectionReader({ databaseUrl, now: Date.now });
const client = new pg.Client({
  connectionString: databaseUrl,
  options: '-c search_path=auth',
  pipeline: true,
});
await client.connect();

const columns = 'sid, subject, client_id, auth_time, second_factor_at, acr';

const server = createServer((request, response) => {
  json(request)
    .then(answer)
    .then(
      (rows) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(rows)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
});

takeOrders({ round }, await listenLocally(server));

type Order = Readonly<{ groups: readonly (readonly string[])[]; underWay: number; forMs: number }>;

/** Looks up one group of sessions after the other, so many groups at a time. */
async function round({ groups, underWay, forMs }: Order): Promise<Round> {
  const use = ownUse();
  const endsAtMs = performance.now() + forMs;
  let sent = 0;
  let found = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < endsAtMs) {
      const sessions = groups[sent++ % groups.length] ?? [];
      const { length } = await lookUp(sessions);
      found += length;
    }
  };
  await Promise.all(Array.from({ length: underWay }, lane));
  const { ms, coreShare } = use();
  return { perSecond: (found / ms) * 1000, coreShare };
}

async function lookUp(sessions: readonly unknown[]): Promise<readonly object[]> {
  const text = `SELECT ${columns} FROM sessions WHERE sid = ANY($1)`;
  const rows = await rowsOf({ name: 'many', text, values: [sessions] });
  if (rows.length !== sessions.length) throw new Error(`${rows.length} of ${sessions.length} sessions were found.`);
  return rows;
}

function lookUpOne(session: unknown): Promise<readonly object[]> {
  const text = `SELECT ${columns} FROM sessions WHERE sid = $1`;
  return rowsOf({ name: 'one', text, values: [session] });
}

/** By callback, as the authority asks: what comes by the promises of `pg` may outlive young collections (docs/decisions/0041). */
function rowsOf(statement: pg.QueryConfig): Promise<readonly object[]> {
  return new Promise((resolve, reject) => {
    client.query<object>(statement, (error: Error | null, result) => {
      if (error === null) resolve(result.rows);
      else reject(error);
    });
  });
}

/** Of a list of ids the rows, of one id its row, and of a question the authority's answer. */
function answer(asked: unknown): Promise<readonly object[]> {
  if (isQuestion(asked)) return reader.introspect([asked], { client: 'payments' });
  return Array.isArray(asked) ? lookUp(asked) : lookUpOne(asked);
}

function isQuestion(asked: unknown): asked is IntrospectionQuestion {
  return typeof asked === 'object' && asked !== null && 'tokenId' in asked;
}
