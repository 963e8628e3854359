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
import type { DenialReason } from './denial.ts';
import type { VerifiedToken } from './token-verifier.ts';

/** Everything that a decision may look at, spelled out. */
type Facts = Readonly<{
  standing: 'nobody' | 'refused' | 'local' | 'degraded' | 'fresh' | 'carried';
  /** Why, when refused. */
  reason: DenialReason;
  caller: 'user' | 'service';
  callerHasScope: boolean;
  callerHasRole: boolean;
  /** Of the service that carries. */
  carrierHasScope: boolean;
  /** Seconds since the second factor. */
  factorAge: number | undefined;
  /** What the authority asks of the session by itself. */
  sessionAsksWithin: number | undefined;
  asksForRole: boolean;
}>;

type Rule = 'public' | 'user' | 'fresh' | 'second factor' | 'service' | 'transaction';

const outages: readonly DenialReason[] = ['feed_silent', 'authority_unreachable', 'keys_unavailable'];
const reasons: readonly DenialReason[] = [...outages, 'revoked', 'token_expired', 'token_signature', 'token_malformed'];

function* everyCase(): Generator<Facts> {
  for (const standing of ['nobody', 'refused', 'local', 'degraded', 'fresh', 'carried'] as const)
    for (const reason of standing === 'refused' ? reasons : reasons.slice(0, 1))
      for (const caller of ['user', 'service'] as const)
        for (const callerHasScope of [true, false])
          for (const callerHasRole of [true, false])
            for (const carrierHasScope of [true, false])
              for (const factorAge of [undefined, 0, 60, 61, 300, 301])
                for (const sessionAsksWithin of [undefined, 60, 900])
                  for (const asksForRole of [true, false])
                    yield {
                      standing,
                      reason,
                      caller,
                      callerHasScope,
                      callerHasRole,
                      carrierHasScope,
                      factorAge,
                      sessionAsksWithin,
                      asksForRole,
                    };
}

/**
 * The decision by another road: the first sentence that is true decides. It shares no code and no order of checks with
 * `authorize.ts`.
 */
function oracle(rule: Rule, facts: Facts): string {
  const { standing, reason, caller } = facts;
  const isUnjudged = standing === 'refused' && outages.includes(reason);
  if (rule === 'public') {
    if (standing === 'refused' && !isUnjudged) return reason;
    const isSeen = caller === 'user' && ['local', 'degraded', 'fresh'].includes(standing);
    return isSeen ? standing : 'anonymous';
  }
  if (standing === 'nobody') return 'token_missing';
  if (standing === 'refused') return reason;
  const kind = standing === 'carried' ? `carried ${caller}` : caller;
  const wanted = { service: 'service', transaction: 'carried user' }[rule as string] ?? 'user';
  if (kind !== wanted) return 'caller_kind';
  if (!facts.callerHasScope || (standing === 'carried' && !facts.carrierHasScope)) return 'scope_missing';
  if (rule === 'service') return 'service';
  if (rule === 'transaction') return 'propagated';
  if (facts.asksForRole && !facts.callerHasRole) return 'role_missing';
  if (rule === 'user') return standing;
  if (standing !== 'fresh') return 'authority_unreachable';
  const asked = [facts.sessionAsksWithin, rule === 'fresh' ? undefined : 300].filter((one) => one !== undefined);
  if (asked.length > 0 && facts.factorAge === undefined) return 'second_factor_missing';
  if (asked.some((within) => (facts.factorAge ?? 0) > within)) return 'second_factor_too_old';
  return rule === 'fresh' ? 'fresh' : 'fresh+mfa';
}

function token(kind: 'user' | 'service', hasScope: boolean, hasRole: boolean): VerifiedToken {
  return {
    kind,
    issuer: 'i',
    subject: kind === 'user' ? 'u_ada' : 'payments',
    client: kind === 'user' ? 'web' : 'payments',
    audience: 'a',
    scope: new Set(hasScope ? ['s', 'more'] : ['more']),
    roles: new Set(hasRole ? ['clerk'] : []),
    tokenId: 't',
    keyId: 'k',
    issuedAt: 1000,
    expiresAt: 1300,
    ...(kind === 'user' && { session: '1.a', authTime: 1000, acr: 'aal2' }),
  };
}

function standingOf(facts: Facts): Standing {
  const { standing, reason, caller, callerHasScope, callerHasRole, carrierHasScope, factorAge, sessionAsksWithin } =
    facts;
  if (standing === 'nobody') return { kind: 'nobody' };
  if (standing === 'refused') return { kind: 'refused', reason };
  const who = { token: token(caller, callerHasScope, callerHasRole), name: 'u_ada', checkedAtMs: 0 };
  if (standing === 'carried') {
    const transaction = { id: 'x', chain: ['payments'], context: {} };
    return { kind: 'propagated', ...who, service: token('service', carrierHasScope, false), transaction };
  }
  if (standing !== 'fresh') return { kind: 'known', evidence: standing, ...who };
  const factor = factorAge === undefined ? {} : { secondFactorAt: 1000 };
  const asks = sessionAsksWithin === undefined ? {} : { secondFactorWithinSeconds: sessionAsksWithin };
  const session = { authTime: 1000, acr: 'aal2', answeredAt: 1000 + (factorAge ?? 0), ...factor, ...asks };
  return { kind: 'known', evidence: 'fresh', ...who, session };
}

const role = ({ asksForRole }: Facts): string | undefined => (asksForRole ? 'clerk' : undefined);
const decide: Readonly<Record<Rule, (standing: Standing, facts: Facts) => Verdict<unknown>>> = {
  public: authorizePublic,
  user: (standing, facts) => authorizeUser(standing, ['s'], role(facts)),
  fresh: (standing, facts) => authorizeFresh(standing, ['s'], role(facts)),
  'second factor': (standing, facts) =>
    authorizeWithSecondFactor(standing, ['s'], { withinSeconds: 300, acrValues: ['aal2'], role: role(facts) }),
  service: (standing) => authorizeService(standing, ['s']),
  transaction: (standing) => authorizeTransaction(standing, ['s']),
};

function outcomeOf(verdict: Verdict<unknown>): string {
  if ('denial' in verdict) return verdict.denial.reason;
  const { admitted } = verdict;
  if (typeof admitted !== 'object' || admitted === null) return 'anonymous';
  return 'evidence' in admitted ? String(admitted.evidence) : 'service';
}

test.each(Object.entries(decide))('every standing, kind, scope, role and age, decided for: %s', (rule, decision) => {
  const cases = [...everyCase()];
  const differing = cases.filter(
    (facts) => outcomeOf(decision(standingOf(facts), facts)) !== oracle(rule as Rule, facts),
  );
  expect(differing).toEqual([]);
  expect(cases.length).toBe(12 * 2 * 2 * 2 * 2 * 6 * 3 * 2);
});
