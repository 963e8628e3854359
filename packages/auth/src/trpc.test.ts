import { initTRPC } from '@trpc/server';
import { expect, expectTypeOf, test } from 'vitest';
import type { Principal, PropagatedPrincipal, ServicePrincipal } from './index.ts';
import { sealRouter, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';

type Context = TrustContext & { readonly greeting: string };
const t = initTRPC.context<Context>().meta<TrustMeta>().create();
const trust = trustTiers(t.procedure);

function transfer(principal: Principal<'fresh+mfa'>): string {
  return principal.subject;
}

test('what a handler gets is typed by its tier', () => {
  t.router({
    open: trust.publicRead().query(({ ctx }) => {
      expectTypeOf(ctx.principal).toEqualTypeOf<Principal<'local' | 'degraded' | 'fresh'> | undefined>();
      expectTypeOf(ctx.greeting).toEqualTypeOf<string>();
      // @ts-expect-error nobody is known here
      return () => transfer(ctx.principal);
    }),
    read: trust.authenticatedRead({ scope: 'a' }).query(({ ctx }) => {
      expectTypeOf(ctx.principal).toEqualTypeOf<Principal<'local' | 'degraded' | 'fresh'>>();
      // @ts-expect-error a local principal moves no money
      return () => transfer(ctx.principal);
    }),
    service: trust.authenticatedRead({ scope: 'a', from: 'service' }).query(({ ctx }) => {
      expectTypeOf(ctx.principal).toEqualTypeOf<ServicePrincipal>();
      // @ts-expect-error a service moves no money
      return () => transfer(ctx.principal);
    }),
    carried: trust.authenticatedRead({ scope: 'a', from: 'transaction' }).query(({ ctx }) => {
      expectTypeOf(ctx.principal).toEqualTypeOf<PropagatedPrincipal>();
      // @ts-expect-error a propagated principal moves no money
      return () => transfer(ctx.principal);
    }),
    fresh: trust.privilegedWrite({ scope: 'a' }).mutation(({ ctx }) => {
      expectTypeOf(ctx.principal).toEqualTypeOf<Principal<'fresh'>>();
      // @ts-expect-error a fresh principal without a second factor moves no money
      return () => transfer(ctx.principal);
    }),
    pay: trust.regulatedAction({ scope: 'a', mfaWithinSeconds: 300 }).mutation(({ ctx }) => {
      expectTypeOf(ctx.idempotencyKey).toEqualTypeOf<string>();
      return () => transfer(ctx.principal);
    }),
  });
});

test('a router with an untiered procedure does not start', () => {
  const router = t.router({
    good: trust.publicRead().query(() => 1),
    nested: t.router({ bare: t.procedure.query(() => 1) }),
  });
  expect(() => sealRouter(router)).toThrow('nested.bare has no trust tier');
});

test('meta alone is no tier, and cannot say another tier than the gate', () => {
  const untiered = t.router({ a: t.procedure.meta({ tier: 'regulatedAction' }).query(() => 1) });
  expect(() => sealRouter(untiered)).toThrow('a has no trust tier');
  const relabelled = t.router({
    a: trust
      .privilegedWrite({ scope: 's' })
      .meta({ tier: 'publicRead' })
      .mutation(() => 1),
  });
  expect(() => sealRouter(relabelled)).toThrow('a says publicRead but its gate is privilegedWrite');
});

test('a sealed router knows the tier of every procedure', () => {
  const router = t.router({
    a: trust.publicRead().query(() => 1),
    b: t.router({ c: trust.standardWrite({ scope: 's' }).mutation(() => 1) }),
  });
  expect(Object.fromEntries(sealRouter(router).tiers)).toEqual({ a: 'publicRead', 'b.c': 'standardWrite' });
});

test('a router with a procedure that asks for no scope does not start (OSB-13)', () => {
  const router = t.router({ a: trust.authenticatedRead({ scope: '' }).query(() => 1) });
  expect(() => sealRouter(router)).toThrow('a asks for no scope');
});

test('a sealed router tells what each gate asks, whatever the meta says', () => {
  const router = t.router({
    a: trust
      .standardWrite({ scope: 's t', role: 'curator' })
      .meta({ scopes: [], role: 'none' })
      .mutation(() => 1),
    b: trust.authenticatedRead({ scope: 's', from: 'service' }).query(() => 1),
  });
  expect(Object.fromEntries(sealRouter(router).access)).toEqual({
    a: { tier: 'standardWrite', scopes: ['s', 't'], role: 'curator', from: 'user' },
    b: { tier: 'authenticatedRead', scopes: ['s'], from: 'service' },
  });
});
