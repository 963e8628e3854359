import { EventEmitter, once } from 'node:events';
import { openRequest, systemClock, type Gates } from '@sallyport/auth';
import { testAuthority, testGates, type TestAuthority } from '@sallyport/auth/testing';
import { sealRouter, trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { initTRPC, TRPCError, tracked } from '@trpc/server';
import { z } from 'zod';
import {
  createLog,
  formatError,
  refuse,
  refuseUnavailable,
  serve,
  type HttpRequest,
  type Incoming,
  type ServeOptions,
} from './index.ts';
import { noTelemetry, tellDecision } from './telemetry/telemetry.ts';

/** For this package's tests: a whole small service on a free port, with real gates, and its log in memory. */
export async function exampleService(changes: Partial<ServeOptions<ExampleRouter>> = {}, shared?: TestAuthority) {
  const authority = shared ?? (await testAuthority(systemClock));
  const opened = await testGates(authority, 'example');
  const { revocations } = opened;
  const log = recordedLog();
  const gates: Gates = {
    ...opened.gates,
    report: (decision) => tellDecision(changes.telemetry ?? noTelemetry, decision),
  };
  const seen: Incoming[] = [];
  const effects = { count: 0 };
  const waiting = { entered: Promise.withResolvers<void>(), leave: Promise.withResolvers<void>() };
  const streams = { opened: 0, ended: Promise.withResolvers<void>() };
  const running = await serve({
    name: 'example',
    router: sealRouter(exampleRouter),
    port: 0,
    host: '127.0.0.1',
    log: log.log,
    readiness: async () => ({ database: true }),
    createContext: (incoming) => {
      seen.push(incoming);
      const [asked] = incoming.headers('example-context');
      if (asked === 'broken') throw new Error(innerSecret);
      if (asked === 'broken later') return Promise.reject(new Error(innerSecret));
      const context = { request: openRequest({ ...incoming, gates }), effects, waiting, streams };
      return asked === 'later' ? Promise.resolve(context) : context;
    },
    ...changes,
  });
  async function stop(): Promise<void> {
    waiting.leave.resolve();
    await running.close();
    revocations.close();
  }
  return { ...running, authority, log, seen, effects, waiting, streams, stop, [Symbol.asyncDispose]: stop };
}

type Work = Readonly<{ entered: PromiseWithResolvers<void>; leave: PromiseWithResolvers<void> }>;
type Context = TrustContext & {
  effects: { count: number };
  waiting: Work;
  streams: { opened: number; ended: PromiseWithResolvers<void> };
};

const t = initTRPC
  .context<Context>()
  .meta<TrustMeta>()
  .create({ errorFormatter: formatError, isDev: false, sse: { ping: { enabled: true, intervalMs: 200 } } });
const trust = trustTiers(t.procedure);

/** What an inner error may hold and nobody outside may see. */
export const innerSecret = 'column "pin" of relation "cards" at postgres://admin:hunter2@10.0.0.7/cards';

const exampleRouter = t.router({
  hello: trust
    .publicRead()
    .input(z.strictObject({ name: z.string().max(40_000) }).optional())
    .query(({ input }) => `hello ${input?.name ?? 'you'}`),
  add: trust
    .publicRead()
    .input(z.strictObject({ amount: z.int(), note: z.strictObject({ text: z.string() }).optional() }))
    .mutation(({ ctx, input }) => (ctx.effects.count += input.amount)),
  touch: trust.publicRead().mutation(({ ctx }) => (ctx.effects.count += 1)),
  keep: trust
    .publicRead()
    .input(z.record(z.string(), z.unknown()))
    .mutation(({ input }) => input),
  says: trust
    .publicRead()
    .input(z.unknown())
    .query(({ input }) => ({ said: input })),
  // What comes after the input was read may still add to the context.
  saysAgain: trust
    .publicRead()
    .input(z.unknown())
    .use(function addGreeting({ next }) {
      return next({ ctx: { greeting: 'again' } });
    })
    .query(({ ctx, input }) => ({ said: input, greeting: ctx.greeting })),
  saysNothing: trust.publicRead().query(() => undefined),
  // What no JSON can say, and what JSON would say nothing of.
  saysTooMuch: trust.publicRead().query(() => ({ amount: 1n })),
  promises: trust.publicRead().query(() => ({ amount: Promise.resolve(1) })),
  throwsText: trust.publicRead().mutation(() => {
    // oxlint-disable-next-line typescript/only-throw-error -- a library may do this
    throw innerSecret;
  }),
  isOut: trust.publicRead().query(() => refuseUnavailable()),
  mine: trust.authenticatedRead({ scope: 'example:read' }).query(({ ctx }) => ctx.principal.user),
  pay: trust.regulatedAction({ scope: 'example:read', mfaWithinSeconds: 300 }).mutation(() => 'paid'),
  breaks: trust.publicRead().query(() => {
    throw new Error(innerSecret);
  }),
  breaksInATrpcWay: trust.publicRead().query(() => {
    throw new TRPCError({ code: 'CONFLICT', message: innerSecret, cause: new Error(innerSecret) });
  }),
  misparses: trust.publicRead().query(() => z.number().parse('a row that is not what it was')),
  refuses: trust
    .publicRead()
    .query(() => refuse({ code: 'CONFLICT', reason: 'out_of_stock', message: 'There is none left.' })),
  waits: trust.publicRead().query(async ({ ctx }) => {
    ctx.waiting.entered.resolve();
    await ctx.waiting.leave.promise;
    return 'done';
  }),
  breaksLate: trust.publicRead().query(async ({ ctx }) => {
    ctx.waiting.entered.resolve();
    await ctx.waiting.leave.promise;
    throw new Error(innerSecret);
  }),
  givesUp: trust.publicRead().query(async ({ ctx, signal }) => {
    ctx.waiting.entered.resolve();
    if (signal !== undefined) await once(signal, 'abort');
    throw new DOMException('Nobody waits for this.', 'AbortError');
  }),
  // Both end only when they are ended; the first does not listen to its signal.
  counts: trust.publicRead().query(async function* count({ ctx }) {
    try {
      for (let number = 0; ; number += 1) yield await new Promise((resolve) => setImmediate(resolve, number));
    } finally {
      ctx.streams.ended.resolve();
    }
  }),
  breaksInAStream: trust.publicRead().subscription(() => {
    throw new Error(innerSecret);
  }),
  breaksAfterATick: trust.publicRead().subscription(async function* breakOff() {
    yield 1;
    throw new Error(innerSecret);
  }),
  ticks: trust
    .publicRead()
    .input(z.strictObject({ lastEventId: z.string().optional() }).optional())
    .subscription(async function* tick({ ctx, input, signal }) {
      ctx.streams.opened += 1;
      try {
        const from = Number(input?.lastEventId ?? 0);
        for (const position of [from + 1, from + 2]) yield tracked(String(position), { position });
        if (signal?.aborted === false) await once(signal, 'abort');
      } finally {
        ctx.streams.ended.resolve();
      }
    }),
});

export type ExampleRouter = typeof exampleRouter;

const record = z.record(z.string(), z.unknown());

/** A log that keeps its lines. */
export function recordedLog() {
  const lines: string[] = [];
  const writing = new EventEmitter();
  const log = createLog('example', 'debug', {
    write: (text) => {
      lines.push(text);
      writing.emit('line');
    },
  });
  /** Resolves when as many lines as this have been written. */
  async function written(count: number): Promise<void> {
    while (lines.length < count) await once(writing, 'line');
  }
  return { log, lines, written, records: () => lines.map((line) => record.parse(JSON.parse(line))) };
}

/** A route as auth has them: a form comes in, JSON goes out. */
export const echoRoute = {
  method: 'POST',
  path: '/oauth/echo',
  handle: async (request: HttpRequest) => ({ status: 200, json: Object.fromEntries(request.form()) }),
} as const;
