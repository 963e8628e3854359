import { inspect } from 'node:util';
import { initTRPC, TRPCError } from '@trpc/server';
import { afterEach, beforeEach, expect, expectTypeOf, test } from 'vitest';
import type { IntrospectionAnswer, IntrospectionQuestion } from './authority.ts';
import { coalescingAuthority } from './coalescing-authority.ts';
import { introspectingVerifier } from './introspecting-verifier.ts';
import { localVerifier } from './local-verifier.ts';
import { isOnwardAnswer, onwardOf, openOnward, type Onward } from './onward.ts';
import { openRequest } from './request-context.ts';
import { heldClock, testAuthority, testGates, type TestAuthority, type TestGates } from './testing.ts';
import { denialAnswerOf, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
const trust = trustTiers(t.procedure);
const moving = { scope: 's', mfaWithinSeconds: 300 };

/** As a handler saw it. */
let seen: Onward | undefined;
/** Inputs from which details were to be told. */
let told: unknown[];
const router = t.router({
  pay: trust
    .regulatedAction({
      ...moving,
      onward: {
        scope: 'catalog:read',
        context: (input) => {
          told.push(input);
          return typeof input === 'string' ? { product: input } : undefined;
        },
      },
    })
    .mutation(({ ctx }) => {
      expectTypeOf(ctx.onward).toEqualTypeOf<Onward | undefined>();
      seen = ctx.onward;
      return ctx.idempotencyKey;
    }),
  topUp: trust.regulatedAction(moving).mutation(({ ctx }) => {
    // @ts-expect-error a procedure that does not say so carries nobody on
    return () => ctx.onward;
  }),
});

let authority: TestAuthority;
let gates: TestGates;
let asked: IntrospectionQuestion[];
beforeEach(async () => {
  [seen, told, asked] = [undefined, [], []];
  authority = await testAuthority(heldClock());
  const { introspect } = authority;
  const listening: TestAuthority['introspect'] = (questions, signal) => {
    asked.push(...questions);
    return introspect(questions, signal);
  };
  gates = await testGates({ ...authority, feed: authority.feed, introspect: listening }, 'payments');
  authority.secondFactor('1.test');
});
afterEach(() => gates.revocations.close());

const payingToken = () => authority.userToken({ audience: 'payments', scope: 's', acr: 'aal2' });

function requestWith(authorization: string | undefined) {
  const headers: Record<string, string | undefined> = { Authorization: authorization, 'Idempotency-Key': 'key' };
  return openRequest({
    gates: gates.gates,
    clock: gates.gates.clock,
    headers: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    tiers: ['regulatedAction'],
  });
}

async function pay(input: unknown, authorization: string | undefined) {
  const request = requestWith(authorization);
  const outcome = await t
    .createCallerFactory(router)({ request })
    .pay(input as never)
    .catch(heard);
  return { request, outcome };
}

function heard(error: unknown): unknown {
  return error instanceof TRPCError ? denialAnswerOf(error)?.reason : error;
}

test('one question tells who pays and brings the transaction token, and the handler gets it with its own request', async () => {
  const text = await payingToken();
  const { request, outcome } = await pay('p_1', `Bearer ${text}`);
  expect(outcome).toBe('key');
  expect(asked).toEqual([
    expect.objectContaining({
      session: '1.test',
      onward: { token: text, scope: 'catalog:read', context: { product: 'p_1' } },
    }),
  ]);
  expect(seen?.request).toBe(request);
  expect(seen && openOnward(seen)).toEqual({ transaction: expect.stringMatching(/^ey/) as unknown });
});

test('the token is not among what logs and JSON show of it', async () => {
  await pay('p_1', `Bearer ${await payingToken()}`);
  const answer = seen && openOnward(seen);
  const transaction = answer && 'transaction' in answer ? answer.transaction : '';
  expect(transaction).not.toBe('');
  for (const shown of [
    inspect(seen, { depth: 9 }),
    JSON.stringify({ ...seen, request: undefined }),
    Object.keys(seen ?? {}).join(),
  ])
    expect(shown).not.toContain(transaction);
  expect(Object.getOwnPropertySymbols({ ...seen })).toEqual([]);
});

test('no leave can be put together from a request and a token', async () => {
  const { request } = await pay('p_1', `Bearer ${await payingToken()}`);
  // @ts-expect-error only the gate knows the name of the member that is missing
  const forged: Onward = { request };
  expect(openOnward(forged)).toBeUndefined();
  // @ts-expect-error and no other name does
  const named: Onward = { request, answered: { transaction: 'x' } };
  expect(openOnward(named)).toBeUndefined();
});

test('a leave stays with its own request', async () => {
  await pay('p_1', `Bearer ${await payingToken()}`);
  const leave = seen ?? {};
  expect(() => Object.assign(leave, { request: requestWith(undefined) })).toThrow(TypeError);
});

test('no two calls on one context share a token, whatever was asked about the caller before', async () => {
  const request = requestWith(`Bearer ${await payingToken()}`);
  const caller = t.createCallerFactory(router)({ request });
  const outcomes = await Promise.allSettled([caller.pay('p_1' as never), caller.pay('p_2' as never)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(outcomes[1]).toMatchObject({
    reason: { code: 'INTERNAL_SERVER_ERROR', message: textLike(/a request of its own/) },
  });
  expect(asked.map(({ onward }) => onward?.context)).toEqual([{ product: 'p_1' }]);

  const known = requestWith(`Bearer ${await payingToken()}`);
  await known.standing('bearer');
  await expect(
    t
      .createCallerFactory(router)({ request: known })
      .pay('p_1' as never),
  ).rejects.toThrow('of its own');
});

test('nobody is let in on what another call asked for, and no key serves two calls, though both come on one context', async () => {
  for (const second of ['pay', 'topUp'] as const) {
    const request = requestWith(`Bearer ${await payingToken()}`);
    const caller = t.createCallerFactory(router)({ request });
    expect(await caller.pay('p_1' as never)).toBe('key');
    seen = undefined;
    // 7 wishes for nothing: there would be nothing to tell it from the call before.
    await expect(second === 'pay' ? caller.pay(7 as never) : caller.topUp()).rejects.toThrow('a request of its own');
    expect(seen).toBeUndefined();
  }
  const request = requestWith(`Bearer ${await payingToken()}`);
  const caller = t.createCallerFactory(router)({ request });
  const outcomes = await Promise.allSettled([caller.topUp(), caller.topUp(), caller.pay(7 as never)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);

  const known = requestWith(`Bearer ${await payingToken()}`);
  await known.standing('bearer');
  await expect(t.createCallerFactory(router)({ request: known }).topUp()).rejects.toThrow('a request of its own');
});

test('nor is anybody carried on with what was asked while the input was on its way', async () => {
  const request = requestWith(`Bearer ${await payingToken()}`);
  request.takeAlone();
  await request.standing('bearer');
  expect(() => request.standing('bearer', { wish: { scope: 'catalog:read', context: {} } })).toThrow(
    'a request of its own',
  );
  expect(asked.map((question) => 'onward' in question)).toEqual([false]);
});

test('a “no” to carrying on lets its caller in, and is told to whoever calls on', async () => {
  authority.refuseOnward('invalid_scope');
  expect((await pay('p_1', `Bearer ${await payingToken()}`)).outcome).toBe('key');
  expect(seen && openOnward(seen)).toEqual({ refused: 'invalid_scope' });
});

test('a revoked session gets nothing', async () => {
  const text = await payingToken();
  authority.holdFeed(true);
  authority.revoke({ kind: 'session', session: '1.test' });
  expect((await pay('p_1', `Bearer ${text}`)).outcome).toBe('invalid_token');
  expect(asked).toHaveLength(1);
  expect(seen).toBeUndefined();
});

test('input without details asks for no token; nobody looks at the input of a caller without one', async () => {
  expect((await pay(7, `Bearer ${await payingToken()}`)).outcome).toBe('key');
  expect(asked.map((question) => 'onward' in question)).toEqual([false]);
  expect(seen).toBeUndefined();
  told = [];
  expect((await pay('p_1', undefined)).outcome).toBe('unauthenticated');
  expect((await pay('p_1', 'Bearer nonsense')).outcome).toBe('invalid_token');
  expect(told).toEqual([]);
});

test('input that cannot be read is nobody’s details, and does not decide who is let in', async () => {
  const request = requestWith(undefined);
  const signed = requestWith(`Bearer ${await payingToken()}`);
  const call = (ctx: TrustContext) =>
    router
      .pay({
        ctx,
        path: 'pay',
        type: 'mutation',
        getRawInput: () => Promise.reject(new Error('not JSON')),
        input: undefined,
        signal: undefined,
        batchIndex: 0,
      } as never)
      .catch(heard);
  expect(await call({ request })).toBe('unauthenticated');
  expect(await call({ request: signed })).toBe('key');
  expect(told).toEqual([undefined]);
});

test('only a standing that the authority vouched for, with its word about it, is a leave', async () => {
  const request = requestWith(`Bearer ${await payingToken()}`);
  const standing = await request.standing('bearer', { wish: { scope: 'catalog:read', context: {} } });
  expect(onwardOf(request, standing)).toBeDefined();
  expect(onwardOf(request, { kind: 'nobody' })).toBeUndefined();
  if (standing.kind !== 'known' || standing.evidence !== 'fresh') throw new Error('not let in');
  const { onward: _, ...without } = standing;
  expect(onwardOf(request, without)).toBeUndefined();
  expect(onwardOf(request, { ...standing, evidence: 'local' } as never)).toBeUndefined();
});

test('an authority that leaves out what was asked for has not answered', async () => {
  const { issuer, keys, clock } = authority;
  const local = localVerifier({ issuer, audience: 'payments', keys, clock });
  const heardOf: unknown[] = [];
  const silent = introspectingVerifier(local, async () => ({ active: true, authTime: 1, acr: 'aal2', answeredAt: 2 }), {
    clock,
    onUnreachable: (error) => heardOf.push(error),
  });
  const text = (await payingToken()) as never;
  expect(await silent.verify(text, { scope: 'catalog:read', context: {} })).toMatchObject({ outcome: 'unknown' });
  expect(heardOf).toEqual([
    expect.objectContaining({ message: textLike(/nothing about the transaction token .* send `onward` along/) }),
  ]);
  expect(await silent.verify(text)).not.toHaveProperty('onward');
  const dead = introspectingVerifier(local, async () => ({ active: false }), { clock });
  expect(await dead.verify(text, { scope: 'catalog:read', context: {} })).toMatchObject({ outcome: 'refused' });
});

function textLike(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

const question = { tokenId: 't', session: 's', subject: 'u', client: 'c' };

test('two requests never share a question for a transaction token, though they ask the same', async () => {
  const batches: (readonly IntrospectionQuestion[])[] = [];
  let made = 0;
  const ask = coalescingAuthority(
    async (questions) => {
      batches.push(questions);
      await Promise.resolve();
      return questions.map((): IntrospectionAnswer => {
        made += 1;
        return { active: true, authTime: 1, acr: 'a', answeredAt: 2, onward: { transaction: `t${made}` } };
      });
    },
    { maxUnderWay: 1 },
  );
  const onward = { token: 'x', scope: 'catalog:read', context: { product: 'p' } };
  const answers = await Promise.all(Array.from({ length: 4 }, () => ask({ ...question, onward })));
  expect(batches.map(({ length }) => length)).toEqual([1, 3]);
  expect(new Set(answers.map((answer) => answer.active && JSON.stringify(answer.onward))).size).toBe(4);
});

test.each([
  [{ transaction: 'x' }, true],
  [{ refused: 'invalid_scope' }, true],
  [{ transaction: '' }, false],
  [{ refused: '' }, false],
  [{ transaction: 1 }, false],
  [{}, false],
  [null, false],
  ['x', false],
])('%j as the word about carrying on: %s', async (onward, isOne) => {
  expect(isOnwardAnswer(onward)).toBe(isOne);
  const answer = { active: true, authTime: 1, acr: 'a', answeredAt: 2, onward } as IntrospectionAnswer;
  const heardAs = await coalescingAuthority(async () => [answer])(question).catch(String);
  expect(heardAs).toEqual(isOne ? answer : textLike(/makes no sense/));
});
