import { initTRPC } from '@trpc/server';
import { expect, test } from 'vitest';
import { monotonicMsAt, type Clock } from './clock.ts';
import { followPolicy } from './policy-feed.ts';
import type { PolicyRules } from './policy.ts';
import { openRequest } from './request-context.ts';
import { heldClock, testAuthority, testGates } from './testing.ts';
import { trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';

test('a moment counts where it is of the same clock; any other clock is read', () => {
  const clock = heldClock();
  const other = heldClock();
  const moment = { clock, monotonicMs: clock.monotonicMs() };
  clock.advance(1);
  other.advance(2);
  expect(monotonicMsAt(clock, moment)).toBe(0);
  expect(monotonicMsAt(clock, undefined)).toBe(1000);
  expect(monotonicMsAt(other, moment)).toBe(2000);
});

test('a caller whose token is remembered costs no more readings of the clock than nobody does', async () => {
  const held = heldClock();
  let readings = 0;
  const clock: Clock = {
    ...held,
    monotonicMs: () => {
      readings += 1;
      return held.monotonicMs();
    },
  };
  const authority = await testAuthority(clock);
  const { gates, revocations } = await testGates(authority, 'catalog');
  const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
  const trust = trustTiers(t.procedure);
  const callerOf = t.createCallerFactory(
    t.router({
      open: trust.publicRead().query(() => 'open'),
      read: trust.authenticatedRead({ scope: 's' }).query(({ ctx }) => {
        ctx.request.policy.which({ principal: ctx.principal, action: 'read', kind: 'product' });
        return ctx.principal.evidence;
      }),
    }),
  );
  const policy = followPolicy({ load: () => Promise.reject(new Error('out')), open: () => noRules, clock });
  const authorization = `Bearer ${await authority.userToken({ audience: 'catalog', scope: 's' })}`;
  const headers = (name: string) => (name === 'Authorization' ? [authorization] : []);
  const readingsOf = async (path: 'open' | 'read') => {
    readings = 0;
    const request = openRequest({ gates, clock, headers: path === 'open' ? () => [] : headers, tiers: [], policy });
    expect(await callerOf({ request })[path]()).toBe(path === 'open' ? 'open' : 'local');
    return readings;
  };
  const first = await readingsOf('read');
  expect([await readingsOf('read'), first > readings]).toEqual([await readingsOf('open'), true]);
  policy.close();
  revocations.close();
});

const noRules: PolicyRules = { version: 1, decide: () => false, which: () => ({ any: [] }) };
