import type { Evidence, Principal, PropagatedPrincipal, ServicePrincipal } from '@sallyport/auth';
import { expect, expectTypeOf, test } from 'vitest';
import * as freshTransaction from './fresh-transaction.ts';
import type * as idempotency from './idempotency.ts';
import * as ledger from './ledger.ts';
import * as purchases from './purchase.ts';

/** All that moves money, or opens the way to it. A function that is added to these files is looked at here too. */
type Movers = typeof ledger & typeof purchases & typeof freshTransaction & Pick<typeof idempotency, 'questionOf'>;

/** What each asks its principal to be, whichever parameter that is. */
type PrincipalOf<Mover> = Mover extends (...given: infer Parameters extends readonly unknown[]) => unknown
  ? Extract<Parameters[number], { kind: 'user' | 'service' }>
  : never;
type Asked = { [Name in keyof Movers]: PrincipalOf<Movers[Name]> };

/** Whoever `Mover` takes, by evidence: nobody, when it takes no principal. */
type Accepted<Mover> = [PrincipalOf<Mover>] extends [never]
  ? 'anybody'
  : { [E in Evidence]: Principal<E> extends PrincipalOf<Mover> ? E : never }[Evidence];

test('no function that moves money accepts a degraded principal, nor any lesser one than fresh+mfa', () => {
  expectTypeOf<{ [Name in keyof Movers]: Accepted<Movers[Name]> }[keyof Movers]>().toEqualTypeOf<'fresh+mfa'>();
  expectTypeOf<Asked[keyof Movers]>().toEqualTypeOf<Principal<'fresh+mfa'>>();
});

test('the functions that this is said of are all there are', () => {
  expect(Object.keys({ ...ledger, ...purchases, ...freshTransaction }).toSorted()).toEqual([
    'inFreshTransaction',
    'pay',
    'paymentMade',
    'purchase',
    'refund',
    'timeToOpenMs',
    'topUp',
  ]);
});

/** Never called: what does not compile in it is the test. */
export function doesNotCompile(
  given: Readonly<{
    degraded: Principal<'degraded'>;
    local: Principal<'local'>;
    fresh: Principal<'fresh'>;
    carried: PropagatedPrincipal;
    service: ServicePrincipal;
    money: { database: Parameters<typeof ledger.topUp>[0]; order: ledger.TopUp; payment: ledger.Payment };
  }>,
): readonly Promise<unknown>[] {
  const { database, order, payment } = given.money;
  return [
    // @ts-expect-error a degraded principal moves no money
    ledger.topUp(database, given.degraded, order),
    // @ts-expect-error a degraded principal moves no money
    ledger.pay(database, given.degraded, payment),
    // @ts-expect-error a degraded principal moves no money
    ledger.refund(database, given.degraded, { idempotencyKey: 'k', transferId: 't' }),
    // @ts-expect-error a local principal moves no money
    ledger.pay(database, given.local, payment),
    // @ts-expect-error a fresh principal without a second factor moves no money
    ledger.pay(database, given.fresh, payment),
    // @ts-expect-error a user whom a service carries moves no money
    ledger.pay(database, given.carried, payment),
    // @ts-expect-error a service moves no money
    ledger.pay(database, given.service, payment),
    // @ts-expect-error nobody moves no money
    ledger.pay(database, undefined, payment),
  ];
}
