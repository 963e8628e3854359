import { createServer } from 'node:http';
import type { StepUpChallenge } from '@sallyport/auth';
import { initTRPC, TRPCError } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import * as z from 'zod';
import { listenAnywhere } from './testing-server.ts';

/** What the test peers answer instead of data. */
type Refusal = { status: 401 | 403 | 503; reason: string; challenge?: StepUpChallenge };

const challenge: StepUpChallenge = { acrValues: ['aal2'], maxAgeSeconds: 300, scope: 'payments:write' };

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

const codes = { 401: 'UNAUTHORIZED', 403: 'FORBIDDEN', 503: 'SERVICE_UNAVAILABLE' } as const;

function refuse(status: Refusal['status'], reason: string, demand?: StepUpChallenge): TRPCError {
  const refusal = { status, reason, ...(demand && { challenge: demand }) };
  return new TRPCError({ code: codes[status], message: reason, cause: new Refused(refusal) });
}

type Context = { headers: Headers };

const t = initTRPC.context<Context>().create({
  errorFormatter: ({ shape, error }) => {
    const refusal = error.cause instanceof Refused ? error.cause.refusal : undefined;
    return {
      message: shape.message,
      code: shape.code,
      data: {
        code: shape.data.code,
        httpStatus: refusal?.status ?? shape.data.httpStatus,
        reason: refusal?.reason ?? 'internal',
        ...(refusal?.challenge && { challenge: refusal.challenge }),
      },
    };
  },
});

type Family = { subject: string; current: string; spent: Set<string>; dead: boolean; stepUps: number };

function tokenSet(family: Family, serial: number) {
  const accessFor = (audience: string) => ({ token: `${audience}-${serial}`, expiresInSeconds: 300, scope: 'all' });
  return {
    refreshToken: family.current,
    session: { id: `${serial}.s`, subject: family.subject, authTime: 1, acr: family.stepUps > 0 ? 'aal2' : 'aal1' },
    accessTokens: { auth: accessFor('auth'), catalog: accessFor('catalog'), payments: accessFor('payments') },
  };
}

function isRightFactor({ code, recoveryCode, passkey }: Readonly<Record<string, unknown>>): boolean {
  return passkey !== undefined || [code, recoveryCode].includes('123456');
}

/** Sign-ins and their tokens: refresh tokens work once, reuse kills the family, a step-up ends the tokens before it. */
function openSessions() {
  const families: Family[] = [];
  const access = new Map<string, Family>();
  let serial = 0;
  let spending = 0;

  const sessions = {
    /** While true, everything that takes a refresh token answers 503. */
    down: false,
    log: { refreshes: 0, stepUps: 0, reuses: 0, overlaps: 0 },
    /** Every access token so far is refused from now on; refresh tokens keep working. */
    endAccessTokens: () => access.clear(),
    endSessions: () => {
      access.clear();
      for (const family of families) family.dead = true;
    },

    begin(subject: string) {
      const family: Family = { subject, current: '', spent: new Set(), dead: false, stepUps: 0 };
      families.push(family);
      return sessions.rotate(family);
    },

    rotate(family: Family) {
      serial += 1;
      family.spent.add(family.current);
      family.current = `refresh-${serial}`;
      const tokens = tokenSet(family, serial);
      for (const { token } of Object.values(tokens.accessTokens)) access.set(token, family);
      return tokens;
    },

    /** Looks at a refresh token. Two looks at once, and a second use, are noted. */
    async spend<Result>(refreshToken: string, then: (family: Family) => Result): Promise<Result> {
      if (spending > 0) sessions.log.overlaps += 1;
      spending += 1;
      try {
        await new Promise(setImmediate);
        if (sessions.down) throw refuse(503, 'temporarily_unavailable');
        const family = families.find((known) => known.current === refreshToken || known.spent.has(refreshToken));
        if (family?.spent.has(refreshToken)) {
          sessions.log.reuses += 1;
          family.dead = true;
        }
        if (family === undefined || family.dead) throw refuse(401, 'invalid_token');
        return then(family);
      } finally {
        spending -= 1;
      }
    },

    stepUp(family: Family, shown: Readonly<Record<string, unknown>>) {
      if (!isRightFactor(shown)) throw refuse(403, 'wrong_code');
      family.stepUps += 1;
      for (const [token, owner] of access) if (owner === family) access.delete(token);
      return sessions.rotate(family);
    },

    caller({ headers }: Context, audience: string): Family {
      const authorization = headers.get('authorization');
      if (authorization === null) throw refuse(401, 'unauthenticated');
      const token = authorization.replace('Bearer ', '');
      const family = token.startsWith(`${audience}-`) ? access.get(token) : undefined;
      if (family === undefined || family.dead) throw refuse(401, 'invalid_token');
      return family;
    },
  };
  return sessions;
}

const refreshToken = z.string();

/** What the authority offers for passkeys: the answer to a challenge is an object that repeats it. */
function passkeyProcedures(sessions: ReturnType<typeof openSessions>) {
  return {
    beginPasskeySignIn: t.procedure
      .input(z.strictObject({ clientId: z.string() }))
      .mutation(() => ({ challenge: 'sign in', rpId: 'localhost' })),
    signInByPasskey: t.procedure
      .input(z.strictObject({ clientId: z.string(), answer: z.strictObject({ to: z.string() }) }))
      .mutation(({ input }) => {
        if (input.answer.to !== 'sign in') throw refuse(401, 'invalid_passkey');
        return sessions.begin('ada');
      }),
    passkeys: t.router({
      beginStepUp: t.procedure.mutation(({ ctx }) => ({
        challenge: `step up ${sessions.caller(ctx, 'auth').subject}`,
      })),
    }),
  };
}

/** An authority and two services that behave towards a front end as the real ones do. */
export function openPeer() {
  const sessions = openSessions();
  const peer = {
    sessions,
    /** Step-ups in this sign-in without which `pay` is refused. Infinity: it can never be satisfied. */
    stepUpsNeeded: 1,
    /** What came with each step-up, beside the refresh token. */
    shown: new Array<unknown>(),
    batches: new Array<number>(),
    /** What ending a session hands out, and what came with each request. */
    consistencyToken: 'c1-0000000000a',
    presented: new Array<string | null>(),
    payments: new Array<{ key: string | null; input: unknown; paid: boolean; subject: string }>(),
  };

  const auth = t.router({
    signIn: t.procedure
      .input(z.strictObject({ email: z.string(), password: z.string(), clientId: z.string() }))
      .mutation(({ input }) => {
        if (input.password !== 'right') throw refuse(401, 'invalid_credentials');
        return sessions.begin(input.email);
      }),
    refresh: t.procedure.input(z.strictObject({ refreshToken })).mutation(({ input }) => {
      sessions.log.refreshes += 1;
      return sessions.spend(input.refreshToken, (family) => sessions.rotate(family));
    }),
    stepUp: t.procedure
      .input(z.looseObject({ refreshToken }))
      .mutation(({ input: { refreshToken: token, ...shown } }) => {
        sessions.log.stepUps += 1;
        peer.shown.push(shown);
        return sessions.spend(token, (family) => sessions.stepUp(family, shown));
      }),
    ...passkeyProcedures(sessions),
    signOut: t.procedure.input(z.strictObject({ refreshToken })).mutation(({ input }) =>
      sessions.spend(input.refreshToken, (family) => {
        family.dead = true;
        return { ended: true, consistencyToken: peer.consistencyToken };
      }),
    ),
    endOthers: t.procedure.mutation(({ ctx }) => {
      sessions.caller(ctx, 'auth');
      return { ended: 0, consistencyToken: peer.consistencyToken };
    }),
    whoAmI: t.procedure.query(({ ctx }) => sessions.caller(ctx, 'auth').subject),
  });

  const catalog = t.router({
    open: t.procedure.query(() => 'open to all'),
    mine: t.procedure
      .input(z.strictObject({ page: z.int() }))
      .query(({ ctx, input }) => ({ page: input.page, subject: sessions.caller(ctx, 'catalog').subject })),
  });

  const payments = t.router({
    pay: t.procedure.input(z.strictObject({ amount: z.string() })).mutation(({ ctx, input }) => {
      const family = sessions.caller(ctx, 'payments');
      const paid = family.stepUps >= peer.stepUpsNeeded;
      peer.payments.push({ key: ctx.headers.get('idempotency-key'), input, paid, subject: family.subject });
      if (!paid) throw refuse(401, 'insufficient_user_authentication', challenge);
      return { paid: input.amount };
    }),
  });

  return { peer, routers: { auth, catalog, payments } };
}

type Peer = ReturnType<typeof openPeer>;
export type PeerRouters = Peer['routers'];

/** The peer's services over real HTTP. */
export async function listen({ peer, routers }: Peer) {
  const servers = await Promise.all(
    Object.values(routers).map(async (router) => {
      const handler = createHTTPHandler({
        router,
        basePath: '/trpc/',
        createContext: ({ req, info }) => {
          peer.batches.push(info.calls.length);
          const headers = new Headers(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
          peer.presented.push(headers.get('consistency-token'));
          return { headers };
        },
      });
      return listenAnywhere(createServer(handler));
    }),
  );
  const [auth = '', catalog = '', payments = ''] = servers.map((server) => server.url);
  return {
    urls: { auth, catalog, payments },
    close: () => {
      for (const server of servers) server.close();
    },
  };
}

/** The same services without a network, for tests that choose the order in which requests arrive. */
export function inProcess({ routers }: Peer) {
  const urls = { auth: 'http://auth.test', catalog: 'http://catalog.test', payments: 'http://payments.test' };
  const answer: typeof fetch = (input, init) => {
    const req = new Request(input instanceof URL ? input.href : input, init);
    const [service] = new URL(req.url).hostname.split('.');
    const router = Object.entries(routers).find(([name]) => name === service)?.[1] ?? routers.auth;
    return fetchRequestHandler({ req, router, endpoint: '/trpc', createContext: () => ({ headers: req.headers }) });
  };
  return { urls, fetch: answer };
}
