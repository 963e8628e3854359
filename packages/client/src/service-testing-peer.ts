import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { FeedMessage } from '@sallyport/auth';
import { initTRPC, tracked, TRPCError } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { exportJWK, generateKeyPair } from 'jose';
import * as z from 'zod';
import { listenAnywhere } from './testing-server.ts';

type Context = { headers: IncomingHttpHeaders; method: string | undefined; bodyBytes: number };

const t = initTRPC.context<Context>().create({
  errorFormatter: ({ shape, error }) => ({
    message: shape.message,
    code: shape.code,
    data: { code: shape.data.code, httpStatus: shape.data.httpStatus, reason: error.message },
  }),
});

const question = z.strictObject({
  tokenId: z.string(),
  session: z.string(),
  subject: z.string(),
  client: z.string(),
  onward: z
    .strictObject({ token: z.string(), scope: z.string(), context: z.record(z.string(), z.string()) })
    .optional(),
});

const ordered = z.strictObject({ product: z.string() });

function placeOrder(input: z.output<typeof ordered> | undefined): { ordered: string } {
  if (input?.product === 'none') throw new TRPCError({ code: 'NOT_FOUND', message: 'no such product' });
  return { ordered: input?.product ?? 'nothing' };
}

/** An authority as services see it, with one procedure to stand for another service. Tests turn its knobs and read its log. */
export function openServicePeer() {
  const peer = {
    /** Answers a token request. Replaced by tests. */
    answerToken: (response: ServerResponse, form: URLSearchParams) => {
      const [transaction, access_token] = [form.get('requested_token_type'), `token-${peer.forms.length}`];
      const answer = transaction
        ? { access_token, issued_token_type: transaction, token_type: 'N_A', expires_in: 60 }
        : { access_token, token_type: 'Bearer', expires_in: 300, scope: form.get('scope') };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    },
    forms: new Array<URLSearchParams>(),
    refusedTokens: new Set<string>(),
    /** Called for each introspection; may throw, wait, or leave answers out. */
    introspect: async (questions: readonly z.output<typeof question>[]): Promise<unknown[]> =>
      questions.map(({ tokenId }) =>
        tokenId.startsWith('ended') ? { active: false } : { active: true, authTime: 1, acr: 'aal1', answeredAt: 2 },
      ),
    /** Answers a question for the rule set. Replaced by tests. */
    rules: async (): Promise<unknown> => ({ ruleSet: { version: 1 } }),
    introspections: new Array<{ asked: number; method: string | undefined; bodyBytes: number }>(),
    /** What a subscriber gets after `from`, and what it asked to get. */
    stream: async function* (
      _from: string | undefined,
      _signal: AbortSignal | undefined,
    ): AsyncGenerator<FeedMessage> {},
    /** Answers what position the feed is at; may throw or wait. */
    answerPosition: async (): Promise<unknown> => ({ position: 0, place: '0' }),
    subscribers: new Array<{ from: string | undefined; authorization: string | undefined }>(),
    calls: new Array<IncomingHttpHeaders>(),
    waits: (): Promise<void> => Promise.resolve(),
  };

  const authorized = t.procedure.use(function admitServices({ ctx, next }) {
    const token = ctx.headers.authorization?.replace('Bearer ', '') ?? '';
    if (peer.refusedTokens.has(token)) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'invalid_token' });
    return next();
  });

  const router = t.router({
    internal: t.router({
      introspect: authorized
        .input(z.strictObject({ questions: z.array(question).min(1).max(128) }))
        .query(async ({ ctx, input }) => {
          peer.introspections.push({ asked: input.questions.length, method: ctx.method, bodyBytes: ctx.bodyBytes });
          return { answers: await peer.introspect(input.questions) };
        }),
      policy: authorized.query(() => peer.rules()),
      revocations: authorized
        .input(z.strictObject({ lastEventId: z.string().optional() }))
        .subscription(async function* ({ ctx, input, signal }) {
          peer.subscribers.push({ from: input.lastEventId, authorization: ctx.headers.authorization });
          for await (const message of peer.stream(input.lastEventId, signal)) {
            const position = message.type === 'event' ? message.event.position : message.position;
            yield tracked(position === undefined ? 'snapshot' : `${position}.here`, message);
          }
        }),
      position: authorized.query(() => peer.answerPosition()),
    }),
    order: authorized.input(ordered.optional()).mutation(({ input }) => placeOrder(input)),
    price: authorized.input(ordered).query(async ({ ctx, input }) => {
      peer.calls.push(ctx.headers);
      await peer.waits();
      return { product: input.product, amount: '1999' };
    }),
  });
  return { peer, router };
}

type ServicePeer = ReturnType<typeof openServicePeer>;
export type PricesRouter = ServicePeer['router'];

export async function listenForServices({ peer, router }: ServicePeer) {
  const trpc = createHTTPHandler({
    router,
    basePath: '/trpc/',
    allowMethodOverride: true,
    createContext: ({ req: { headers, method } }) => ({
      headers,
      method,
      bodyBytes: Number(headers['content-length'] ?? 0),
    }),
  });
  const token = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await text(request));
    peer.forms.push(form);
    peer.answerToken(response, form);
  };
  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/oauth/token') void token(request, response);
    else trpc(request, response);
  });
  return { ...(await listenAnywhere(server)), breakConnections: () => server.closeAllConnections() };
}

export async function clientKey() {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey: { ...(await exportJWK(privateKey)), kid: 'k1' }, publicKey };
}
