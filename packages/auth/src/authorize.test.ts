import { expect, test } from 'vitest';
import {
  authorizeFresh,
  authorizePublic,
  authorizeService,
  authorizeTransaction,
  authorizeUser,
  authorizeWithSecondFactor,
  type Standing,
  type Verdict,
} from './authorize.ts';
import type { VerifiedToken } from './token-verifier.ts';

const service: VerifiedToken = {
  kind: 'service',
  issuer: 'i',
  subject: 'payments',
  client: 'payments',
  audience: 'catalog',
  scope: new Set(['s']),
  roles: new Set(),
  tokenId: 't',
  keyId: 'k',
  issuedAt: 1,
  expiresAt: 2,
};
const user: VerifiedToken = {
  ...service,
  kind: 'user',
  subject: 'u_ada',
  client: 'web',
  session: '1.a',
  authTime: 1000,
  acr: 'aal2',
};
const session = { authTime: 1000, secondFactorAt: 1000, acr: 'aal2', answeredAt: 1100 };
const transaction = { id: 'x', chain: ['payments'], context: {} };

const standings: Record<string, Standing> = {
  nobody: { kind: 'nobody' },
  'bad token': { kind: 'refused', reason: 'token_signature' },
  outage: { kind: 'refused', reason: 'feed_silent' },
  local: { kind: 'known', evidence: 'local', token: user, name: 'n', checkedAtMs: 0 },
  degraded: { kind: 'known', evidence: 'degraded', token: user, name: 'n', checkedAtMs: 0 },
  fresh: { kind: 'known', evidence: 'fresh', token: user, session, name: 'n', checkedAtMs: 0 },
  'without scope': {
    kind: 'known',
    evidence: 'fresh',
    token: { ...user, scope: new Set(['other']) },
    session,
    name: 'n',
    checkedAtMs: 0,
  },
  service: { kind: 'known', evidence: 'local', token: service, name: 'n', checkedAtMs: 0 },
  carried: { kind: 'propagated', service, token: user, transaction, name: 'n', checkedAtMs: 0 },
  'carried by a service without scope': {
    kind: 'propagated',
    service: { ...service, scope: new Set() },
    token: user,
    transaction,
    name: 'n',
    checkedAtMs: 0,
  },
  'carried without scope': {
    kind: 'propagated',
    service,
    token: { ...user, scope: new Set() },
    transaction,
    name: 'n',
    checkedAtMs: 0,
  },
};

const demand = { withinSeconds: 300, acrValues: ['aal2'] };
const rules: Record<string, (standing: Standing) => Verdict<unknown>> = {
  public: authorizePublic,
  user: (standing) => authorizeUser(standing, ['s']),
  fresh: (standing) => authorizeFresh(standing, ['s']),
  'second factor': (standing) => authorizeWithSecondFactor(standing, ['s'], demand),
  service: (standing) => authorizeService(standing, ['s']),
  transaction: (standing) => authorizeTransaction(standing, ['s']),
};

function outcome(verdict: Verdict<unknown>): string {
  if ('denial' in verdict) return verdict.denial.reason;
  const { admitted } = verdict;
  if (typeof admitted !== 'object' || admitted === null) return 'anonymous';
  return 'evidence' in admitted ? String(admitted.evidence) : 'service';
}

test('every standing against every rule', () => {
  const table = Object.entries(rules).map(([rule, decide]) => [
    rule,
    Object.fromEntries(Object.entries(standings).map(([name, standing]) => [name, outcome(decide(standing))])),
  ]);
  const forPeople = {
    nobody: 'token_missing',
    'bad token': 'token_signature',
    outage: 'feed_silent',
    service: 'caller_kind',
    carried: 'caller_kind',
    'carried by a service without scope': 'caller_kind',
    'carried without scope': 'caller_kind',
    'without scope': 'scope_missing',
  };
  expect(Object.fromEntries(table)).toEqual({
    public: {
      nobody: 'anonymous',
      'bad token': 'token_signature',
      outage: 'anonymous',
      local: 'local',
      degraded: 'degraded',
      fresh: 'fresh',
      'without scope': 'fresh',
      service: 'anonymous',
      carried: 'anonymous',
      'carried by a service without scope': 'anonymous',
      'carried without scope': 'anonymous',
    },
    user: { ...forPeople, local: 'local', degraded: 'degraded', fresh: 'fresh' },
    fresh: { ...forPeople, local: 'authority_unreachable', degraded: 'authority_unreachable', fresh: 'fresh' },
    'second factor': {
      ...forPeople,
      local: 'authority_unreachable',
      degraded: 'authority_unreachable',
      fresh: 'fresh+mfa',
    },
    service: {
      nobody: 'token_missing',
      'bad token': 'token_signature',
      outage: 'feed_silent',
      local: 'caller_kind',
      degraded: 'caller_kind',
      fresh: 'caller_kind',
      'without scope': 'caller_kind',
      service: 'service',
      carried: 'caller_kind',
      'carried by a service without scope': 'caller_kind',
      'carried without scope': 'caller_kind',
    },
    transaction: {
      nobody: 'token_missing',
      'bad token': 'token_signature',
      outage: 'feed_silent',
      local: 'caller_kind',
      degraded: 'caller_kind',
      fresh: 'caller_kind',
      'without scope': 'caller_kind',
      service: 'caller_kind',
      carried: 'propagated',
      'carried by a service without scope': 'scope_missing',
      'carried without scope': 'scope_missing',
    },
  });
});

const freshWith = (token: Partial<VerifiedToken>, state: Partial<typeof session>): Standing => ({
  kind: 'known',
  evidence: 'fresh',
  token: { ...user, ...token },
  session: { ...session, ...state },
  name: 'n',
  checkedAtMs: 0,
});

test.each<[string, Standing, string]>([
  ['300 s old', freshWith({}, { answeredAt: 1300 }), 'fresh+mfa'],
  ['301 s old', freshWith({}, { answeredAt: 1301 }), 'second_factor_too_old'],
  [
    'never given',
    {
      kind: 'known',
      evidence: 'fresh',
      token: user,
      session: { authTime: 1000, acr: 'aal1', answeredAt: 1100 },
      name: 'n',
      checkedAtMs: 0,
    },
    'second_factor_missing',
  ],
  ['10 s ahead of the authority', freshWith({ authTime: 1110 }, { secondFactorAt: 1110 }), 'fresh+mfa'],
  ['11 s ahead of the authority', freshWith({ authTime: 1111 }, { secondFactorAt: 1111 }), 'second_factor_missing'],
  ['given, but the session fell back', freshWith({}, { acr: 'aal1' }), 'second_factor_missing'],
  [
    'given after this token was made',
    freshWith({ acr: 'aal1', authTime: 900 }, { secondFactorAt: 1090 }),
    'second_factor_missing',
  ],
  [
    'renewed after this token was made',
    freshWith({ authTime: 700 }, { secondFactorAt: 1090 }),
    'second_factor_too_old',
  ],
])('a second factor that is %s (SUP-05)', (_name, standing, expected) => {
  expect(outcome(authorizeWithSecondFactor(standing, ['s'], demand))).toBe(expected);
});

test('a principal shows no token and no signature', () => {
  const verdict = authorizeUser(standings['local'] ?? { kind: 'nobody' }, ['s']);
  if ('denial' in verdict) throw new Error('denied');
  expect(Object.keys(verdict.admitted).toSorted()).toEqual([
    'checkedAtMs',
    'client',
    'evidence',
    'issuer',
    'kind',
    'roles',
    'scope',
    'session',
    'subject',
    'user',
  ]);
});
