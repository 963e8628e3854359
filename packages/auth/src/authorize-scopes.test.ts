import { expect, test } from 'vitest';
import {
  authorizeFresh,
  authorizeService,
  authorizeTransaction,
  authorizeUser,
  authorizeWithSecondFactor,
  type Standing,
} from './authorize.ts';
import type { VerifiedToken } from './token-verifier.ts';

const common = { issuer: 'i', audience: 'a', roles: new Set<string>(), tokenId: 't', keyId: 'k' } as const;
const times = { issuedAt: 1, expiresAt: 2, authTime: 1000 } as const;
const session = { authTime: 1000, secondFactorAt: 1000, acr: 'aal2', answeredAt: 1000 };
const demand = { withinSeconds: 300, acrValues: ['aal2'] };

/** Who calls with these scopes, as each kind of caller. */
function callers(scope: ReadonlySet<string>) {
  const user: VerifiedToken = {
    ...common,
    ...times,
    kind: 'user',
    subject: 'u',
    client: 'web',
    session: '1.a',
    acr: 'aal2',
    scope,
  };
  const service: VerifiedToken = { ...common, ...times, kind: 'service', subject: 's', client: 's', scope };
  const about = { name: 'n', checkedAtMs: 0 } as const;
  const transaction = { id: 'x', chain: ['s'], context: {} };
  return {
    user: { kind: 'known', evidence: 'fresh', token: user, session, ...about },
    service: { kind: 'known', evidence: 'local', token: service, ...about },
    carried: { kind: 'propagated', service, token: user, transaction, ...about },
  } as const satisfies Record<string, Standing>;
}

const both = ['read', 'write'];
const deciders = {
  user: (held: ReadonlySet<string>) => authorizeUser(callers(held).user, both),
  fresh: (held: ReadonlySet<string>) => authorizeFresh(callers(held).user, both),
  'second factor': (held: ReadonlySet<string>) => authorizeWithSecondFactor(callers(held).user, both, demand),
  service: (held: ReadonlySet<string>) => authorizeService(callers(held).service, both),
  transaction: (held: ReadonlySet<string>) => authorizeTransaction(callers(held).carried, both),
};

test.each(Object.entries(deciders))('%s: every scope that is asked for must be held, not some', (_name, decide) => {
  for (const held of [[], ['read'], ['write'], ['readwrite'], ['read write']])
    expect(decide(new Set(held))).toEqual({ denial: { reason: 'scope_missing', scope: 'read write' } });
  for (const held of [both, [...both, 'more']]) expect(decide(new Set(held))).toHaveProperty('admitted');
});

test('a step-up asks for all scopes, space-separated (RFC 6749 §3.3, SUP-02)', () => {
  const { user } = callers(new Set(both));
  expect(authorizeWithSecondFactor({ ...user, session: { ...session, answeredAt: 1301 } }, both, demand)).toEqual({
    denial: {
      reason: 'second_factor_too_old',
      stepUp: { acrValues: ['aal2'], maxAgeSeconds: 300, scope: 'read write' },
    },
  });
});
