import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { IntrospectionQuestion } from '@sallyport/auth';
import { openIntrospectionReader } from '@sallyport/auth-service/measured/introspection';
import type { Round } from '../figure.ts';
import { listenLocally } from '../listen-locally.ts';
import { takeOrders } from '../orders.ts';
import { ownUse } from '../own-use.ts';
import { openSessionRows } from './session-rows.ts';

// Limits: what the authority looks up, with nothing around it. Many sessions at once inside this process; and the same, or one alone, for
// each HTTP request. And the authority's own statement, which asks for everything that can end a session, for each HTTP request.

const { DATABASE_URL: databaseUrl = '' } = process.env;
const reader = openIntrospectionReader({ databaseUrl, now: Date.now });
const sessions = await openSessionRows(databaseUrl);

const server = createServer((request, response) => {
  json(request)
    .then(answer)
    .then(
      (rows) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(rows)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
});

takeOrders({ round }, await listenLocally(server));

type Order = Readonly<{ groups: readonly (readonly number[])[]; underWay: number; forMs: number }>;

/** Looks up one group of sessions after the other, so many groups at a time. */
async function round({ groups, underWay, forMs }: Order): Promise<Round> {
  const use = ownUse();
  const endsAtMs = performance.now() + forMs;
  let sent = 0;
  let found = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < endsAtMs) {
      const { length } = await sessions.many(groups[sent++ % groups.length] ?? []);
      found += length;
    }
  };
  await Promise.all(Array.from({ length: underWay }, lane));
  const { ms, coreShare } = use();
  return { perSecond: (found / ms) * 1000, coreShare };
}

/** Of a list of serials the rows, of one id its row, and of a question the authority's answer. */
function answer(asked: unknown): Promise<readonly object[]> {
  if (isQuestion(asked)) return reader.introspect([asked], { client: 'payments' });
  return Array.isArray(asked) ? sessions.many(asked) : sessions.one(asked);
}

function isQuestion(asked: unknown): asked is IntrospectionQuestion {
  return typeof asked === 'object' && asked !== null && 'tokenId' in asked;
}
