import { generateKeyPairSync } from 'node:crypto';
import { systemClock, openRequest, type AskAuthority } from '@sallyport/auth';
import { testAuthority, testGates, type TestAuthority } from '@sallyport/auth/testing';
import { sealRouter, trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { openServiceClient } from '@sallyport/client/service';
import { createLog, formatError, refuse, serve, type Route } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import { z } from 'zod';
import { quotesFrom, type Quote } from '../catalog-quote.ts';
import { openPayments } from '../database.ts';
import { servePayments } from '../serve-payments.ts';
import { openTrust } from '../trust.ts';
import { openTestBooks } from './books.ts';
import { openDatabaseProxy } from './database-proxy.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const clientKey = { ...privateKey.export({ format: 'jwk' }), kid: 'payments-1' };

const nowhere = { port: 0, host: '127.0.0.1', log: createLog('test', 'silent'), readiness: async () => ({}) };

/** Two houses with one authority believe the same tokens. */
type HouseChanges = Readonly<{ authority?: TestAuthority; directCalls?: boolean }>;

/** Payments as it runs, on a free port, with real tokens and gates, and neighbours that do as the test says. */
export async function openTestHouse({ authority: shared, directCalls }: HouseChanges = {}) {
  const authority = shared ?? (await testAuthority(systemClock));
  const books = await openTestBooks();
  const proxy = await openDatabaseProxy(books.url);
  const lines: string[] = [];
  const log = createLog('payments', 'info', { write: (line) => void lines.push(line) });
  const oauth = await serveTokens(authority);
  const catalog = await serveQuotes(authority);
  const keys = { ...authority.keys, refreshNow: async () => {}, close: () => {} };
  const silence = { isSilent: false };
  const ask: AskAuthority = (questions, signal) =>
    silence.isSilent ? new Promise(() => {}) : authority.introspect(questions, signal);
  const service = openServiceClient({
    issuer: oauth.url,
    clientId: 'payments',
    privateKey: clientKey,
    answerWithinMs: 1000,
  });
  const payments = await servePayments({
    port: 0,
    host: '127.0.0.1',
    ...openPayments(proxy.url),
    ...openTrust({ issuer: authority.issuer, keys, ask, feed: authority.feed, log, confirmShare: 0 }),
    keys,
    askQuote: quotesFrom({ service, url: catalog.url, log }),
    log,
    directCalls,
  });
  return {
    url: payments.url,
    authority,
    books,
    proxy,
    lines,
    catalog,
    oauth,
    /** While silent, the authority takes questions and answers none. */
    setSilent: (isSilent: boolean) => (silence.isSilent = isSilent),
    close: async () => {
      await Promise.all([payments.close(), oauth.close(), catalog.close()]);
      await proxy.cut();
      await books.close();
    },
  };
}

export type TestHouse = Awaited<ReturnType<typeof openTestHouse>>;

/** The authority's token endpoint, for client credentials. */
async function serveTokens(authority: TestAuthority) {
  const forms: string[] = [];
  const handle: Route['handle'] = async (request) => {
    const form = request.form();
    const asked = (name: string): string => form.get(name) ?? '';
    forms.push(asked('grant_type'));
    const scope = asked('scope');
    const token = await authority.serviceToken({ client: 'payments', audience: asked('audience'), scope });
    return { status: 200, json: { access_token: token, token_type: 'Bearer', expires_in: 300 } };
  };
  const t = initTRPC.create();
  const router = sealRouter(t.router({}));
  const running = await serve({
    ...nowhere,
    name: 'auth',
    router,
    createContext: () => ({}),
    routes: [{ method: 'POST', path: '/oauth/token', handle }],
  });
  return { ...running, /** The grants that were asked for. */ forms };
}

type Asked = Readonly<{
  subject: string;
  transaction: string;
  chain: readonly string[];
  context: Readonly<Record<string, string>>;
  traceId: string;
  remainingMs: number;
}>;

/** Catalog, as far as payments knows it: `products.quote`, for users whom a service carries here. */
async function serveQuotes(authority: TestAuthority) {
  const { gates, revocations } = await testGates(authority, 'catalog');
  const offers = new Map<string, Quote>();
  const asked: Asked[] = [];
  const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create({ errorFormatter: formatError });
  const quote = trustTiers(t.procedure)
    .authenticatedRead({ scope: 'catalog:read', from: 'transaction' })
    .input(z.strictObject({ productId: z.string() }))
    .query(({ ctx: { principal, request }, input }): Quote => {
      const { id: transaction, chain, context: frozen } = principal.transaction;
      asked.push({
        subject: principal.user,
        transaction,
        chain,
        context: frozen,
        traceId: request.trace.traceId,
        remainingMs: request.remainingMs(),
      });
      return (
        offers.get(input.productId) ?? refuse({ code: 'NOT_FOUND', reason: 'not_found', message: 'No such product.' })
      );
    });
  const running = await serve({
    ...nowhere,
    name: 'catalog',
    router: sealRouter(t.router({ products: t.router({ quote }) })),
    createContext: (incoming) => ({ request: openRequest({ ...incoming, gates }) }),
    onClose: async () => revocations.close(),
  });
  return { ...running, offers, asked };
}
