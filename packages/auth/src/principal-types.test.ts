import { describe, expectTypeOf, test } from 'vitest';
import type { Evidence, Principal, PropagatedPrincipal, ServicePrincipal } from './index.ts';

/** What any function that moves money asks for. */
type Transfer = (principal: Principal<'fresh+mfa'>) => void;
type Asked = Parameters<Transfer>[0];

describe('a function that asks for fresh+mfa refuses each lesser principal at compile time', () => {
  test('one of each evidence', () => {
    expectTypeOf<Principal<'local'>>().not.toExtend<Asked>();
    expectTypeOf<Principal<'degraded'>>().not.toExtend<Asked>();
    expectTypeOf<Principal<'fresh'>>().not.toExtend<Asked>();
    expectTypeOf<Principal<'propagated'>>().not.toExtend<Asked>();
    expectTypeOf<Principal<'fresh+mfa'>>().toExtend<Asked>();
  });

  test('one that may be lesser, somebody carried, a service, and nobody', () => {
    expectTypeOf<Principal>().not.toExtend<Asked>();
    expectTypeOf<Principal<'fresh' | 'fresh+mfa'>>().not.toExtend<Asked>();
    expectTypeOf<PropagatedPrincipal>().not.toExtend<Asked>();
    expectTypeOf<ServicePrincipal>().not.toExtend<Asked>();
    expectTypeOf<Principal<'fresh+mfa'> | undefined>().not.toExtend<Asked>();
  });

  test('an evidence that is added later is refused too, until somebody says otherwise', () => {
    type Accepted = { [E in Evidence]: Principal<E> extends Asked ? E : never }[Evidence];
    expectTypeOf<Accepted>().toEqualTypeOf<'fresh+mfa'>();
  });
});

test('every evidence is its own: none stands in for another, in either direction', () => {
  type Interchangeable = {
    [Given in Evidence]: {
      [Wanted in Exclude<Evidence, Given>]: Principal<Given> extends Principal<Wanted> ? [Given, Wanted] : never;
    }[Exclude<Evidence, Given>];
  }[Evidence];
  expectTypeOf<Interchangeable>().toEqualTypeOf<never>();
});

test('a principal cannot be written down, and an admitted one cannot be made stronger', () => {
  const written = {
    kind: 'user',
    evidence: 'fresh+mfa',
    user: 'u_ada',
    issuer: 'i',
    subject: 'u_ada',
    client: 'web',
    scope: new Set<string>(),
    roles: new Set<string>(),
    session: '1.a',
    checkedAtMs: 0,
  } as const;
  // @ts-expect-error only a gate can put the mark on it
  expectTypeOf(written).toExtend<Asked>();
  type Stronger = Omit<Principal<'local'>, 'evidence'> & { evidence: 'fresh+mfa' };
  expectTypeOf<Stronger>().not.toExtend<Asked>();
  expectTypeOf<Omit<Principal<'fresh'>, 'evidence'> & { evidence: 'fresh+mfa' }>().not.toExtend<Asked>();
});
