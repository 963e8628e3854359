import { coalescingAuthority } from '@sallyport/auth';
import { openServiceClient } from '@sallyport/client/service';
import { Agent } from 'undici';
import { z } from 'zod';
import type { Round } from '../figure.ts';
import { takeOrders } from '../orders.ts';
import { latencyOf } from '../statistics.ts';

// One caller with one question after the other: nothing to batch, and nobody to wait for.

type Question = Readonly<{ tokenId: string; session: string; subject: string; client: string }>;
type Order = Readonly<{ questions: readonly Question[]; forMs: number }>;
type Ask = (question: Question) => Promise<boolean>;

const { AUTHORITY = '', CLIENT_KEY = '', LOOKUP = '' } = process.env;

const privateKey = z.looseObject({ kty: z.literal('EC') });
const service = openServiceClient({
  issuer: AUTHORITY,
  clientId: 'payments',
  privateKey: privateKey.parse(JSON.parse(CLIENT_KEY)),
});
const agent = new Agent();

const askAboutOne = coalescingAuthority(service.authority);

/** As payments asks: identifiers over tRPC, as itself, by a client that puts questions together where there are several. */
const askAuthority: Ask = async (question) => (await askAboutOne(question)).active;

/** Sent to a server that asks nobody who asks, over undici. */
async function post(asked: string | Question): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(asked);
  const answer = await agent.request({ origin: LOOKUP, path: '/', method: 'POST', headers, body });
  return answer.body.text();
}

takeOrders({
  authority: (order: Order) => round(askAuthority, order),
  lookup: (order: Order) => round(async ({ session }) => (await post(session)).includes(session), order),
  statement: (order: Order) => round(async (question) => (await post(question)).includes('"active":true'), order),
});

async function round(ask: Ask, { questions, forMs }: Order): Promise<Round> {
  const times: number[] = [];
  const startedAtMs = performance.now();
  let now = startedAtMs;
  while (now < startedAtMs + forMs) {
    const question = questions[times.length % questions.length];
    if (question === undefined || !(await ask(question)))
      throw new Error('A living session was not found to be alive.');
    const before = now;
    now = performance.now();
    times.push(now - before);
  }
  return { perSecond: (times.length / (now - startedAtMs)) * 1000, latency: latencyOf(times) };
}
