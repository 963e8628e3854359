import { clockSkewSeconds } from './claims.ts';
import type { Denial, DenialReason, StepUpChallenge } from './denial.ts';
import { isOutage } from './denial.ts';
import type { OnwardAnswer } from './onward.ts';
import {
  admitService,
  admitUser,
  type Caller,
  type Principal,
  type PropagatedPrincipal,
  type ServicePrincipal,
  type Transaction,
} from './principal.ts';
import type { SessionState, VerifiedToken } from './token-verifier.ts';

/** What the gates found out about a request's caller, before anybody asked what for. */
export type Standing =
  | Readonly<{ kind: 'nobody' }>
  /** With `nonce`: one for the sender's next proof. */
  | Readonly<{ kind: 'refused'; reason: DenialReason; nonce?: string | undefined }>
  | (Caller & Readonly<{ kind: 'known'; evidence: 'local' | 'degraded' }>)
  | (Caller & Readonly<{ kind: 'known'; evidence: 'fresh'; session: SessionState; onward?: OnwardAnswer }>)
  | (Caller & Readonly<{ kind: 'propagated'; service: VerifiedToken; transaction: Transaction }>);

export type Verdict<Admitted> = Readonly<{ admitted: Admitted }> | Readonly<{ denial: Denial }>;

export type Scopes = readonly string[];

type Known = Extract<Standing, { kind: 'known' }>;

/** A person, or nobody. A token that nobody can judge counts as none; one that is known to be bad does not. */
export function authorizePublic(standing: Standing): Verdict<Principal<'local' | 'degraded' | 'fresh'> | undefined> {
  if (standing.kind === 'nobody') return { admitted: undefined };
  if (standing.kind === 'refused') return isOutage(standing.reason) ? { admitted: undefined } : deny(standing.reason);
  if (standing.kind === 'propagated' || !isUser(standing.token)) return { admitted: undefined };
  return { admitted: admitUser(standing.evidence, standing) };
}

/** A person with the scope, and the role if one is asked for, on whatever evidence the tier's course allowed. */
export function authorizeUser(
  standing: Standing,
  scopes: Scopes,
  role?: string,
): Verdict<Principal<'local' | 'degraded' | 'fresh'>> {
  const known = knownUser(standing, scopes, role);
  if ('denial' in known) return known;
  return { admitted: admitUser(known.admitted.evidence, known.admitted) };
}

/** `acr` values that stand for two factors (RFC 9470 §3: opaque names, agreed with the authority). */
export const twoFactorAcrValues = ['aal2'] as const;

/**
 * A person with the scope, and the role if one is asked for, whom the authority vouched for after the request arrived. Of a session
 * that looks wrong to the authority it wants a second factor besides.
 */
export function authorizeFresh(standing: Standing, scopes: Scopes, role?: string): Verdict<Principal<'fresh'>> {
  const known = knownUser(standing, scopes, role);
  if ('denial' in known) return known;
  if (known.admitted.evidence !== 'fresh') return deny('authority_unreachable');
  const { token, session } = known.admitted;
  if (session.secondFactorWithinSeconds !== undefined) {
    const demand = { withinSeconds: session.secondFactorWithinSeconds, acrValues: twoFactorAcrValues };
    const missing = missingFactor(token, session, { ...demand, scopes });
    if (missing !== undefined) return missing;
  }
  return { admitted: admitUser('fresh', known.admitted) };
}

export type SecondFactorDemand = Readonly<{
  /** Greatest age of the second factor in seconds. */
  withinSeconds: number;
  /** The `acr` values that stand for two factors. */
  acrValues: readonly string[];
  /** Asked for before the second factor: whoever lacks it gains nothing by stepping up. */
  role?: string | undefined;
}>;

/** As `authorizeFresh`, with a second factor that is recent by the authority's clock. Otherwise a step-up (RFC 9470). */
export function authorizeWithSecondFactor(
  standing: Standing,
  scopes: Scopes,
  demand: SecondFactorDemand,
): Verdict<Principal<'fresh+mfa'>> {
  const known = knownUser(standing, scopes, demand.role);
  if ('denial' in known) return known;
  if (known.admitted.evidence !== 'fresh') return deny('authority_unreachable');
  const { token, session } = known.admitted;
  const withinSeconds = Math.min(demand.withinSeconds, session.secondFactorWithinSeconds ?? Infinity);
  const missing = missingFactor(token, session, { withinSeconds, acrValues: demand.acrValues, scopes });
  if (missing !== undefined) return missing;
  return { admitted: admitUser('fresh+mfa', known.admitted) };
}

/** A service that calls as itself. */
export function authorizeService(standing: Standing, scopes: Scopes): Verdict<ServicePrincipal> {
  if (standing.kind === 'nobody') return deny('token_missing');
  if (standing.kind === 'refused') return deny(standing.reason);
  if (standing.kind === 'propagated' || isUser(standing.token)) return deny('caller_kind');
  return covers(standing.token, scopes) ? { admitted: admitService(standing) } : denyScope(scopes);
}

/** A person, carried by a service. Both must have the scope: neither can lend it to the other. */
export function authorizeTransaction(standing: Standing, scopes: Scopes): Verdict<PropagatedPrincipal> {
  if (standing.kind === 'nobody') return deny('token_missing');
  if (standing.kind === 'refused') return deny(standing.reason);
  if (standing.kind !== 'propagated') return deny('caller_kind');
  const { token, service, transaction } = standing;
  if (!isUser(token)) return deny('caller_kind');
  if (!covers(token, scopes) || !covers(service, scopes)) return denyScope(scopes);
  return { admitted: { ...admitUser('propagated', standing), transaction } };
}

function isUser(token: VerifiedToken): boolean {
  return token.kind === 'user';
}

function knownUser(standing: Standing, scopes: Scopes, role: string | undefined): Verdict<Known> {
  if (standing.kind === 'nobody') return deny('token_missing');
  if (standing.kind === 'refused') return deny(standing.reason);
  if (standing.kind === 'propagated') return deny('caller_kind');
  const { token } = standing;
  if (!isUser(token)) return deny('caller_kind');
  if (!covers(token, scopes)) return denyScope(scopes);
  if (role !== undefined && !token.roles.has(role)) return deny('role_missing');
  return { admitted: standing };
}

type FactorDemand = Readonly<{ withinSeconds: number; acrValues: readonly string[]; scopes: Scopes }>;

function missingFactor(
  token: VerifiedToken,
  session: SessionState,
  { withinSeconds, acrValues, scopes }: FactorDemand,
): { denial: Denial } | undefined {
  const stepUp = { acrValues, maxAgeSeconds: withinSeconds, scope: scopes.join(' ') };
  const age = secondFactorAge(token, session, acrValues);
  if (age === undefined) return denyStepUp('second_factor_missing', stepUp);
  return age > withinSeconds ? denyStepUp('second_factor_too_old', stepUp) : undefined;
}

/**
 * Seconds since the second factor that stands behind *this token*. A token made before a step-up gains nothing from it:
 * its own `acr` must say two factors, and its `auth_time` bounds the time that counts. One from the future never was.
 */
function secondFactorAge(
  token: VerifiedToken,
  session: SessionState,
  acrValues: readonly string[],
): number | undefined {
  if (session.secondFactorAt === undefined || token.authTime === undefined) return undefined;
  if (token.acr === undefined || !acrValues.includes(token.acr)) return undefined;
  if (session.acr === undefined || !acrValues.includes(session.acr)) return undefined;
  const ageSeconds = session.answeredAt - Math.min(session.secondFactorAt, token.authTime);
  return ageSeconds < -clockSkewSeconds ? undefined : Math.max(0, ageSeconds);
}

function covers(token: VerifiedToken, scopes: Scopes): boolean {
  for (const scope of scopes) if (!token.scope.has(scope)) return false;
  return true;
}

function deny(reason: DenialReason): { denial: Denial } {
  return { denial: { reason } };
}

function denyScope(scopes: Scopes): { denial: Denial } {
  return { denial: { reason: 'scope_missing', scope: scopes.join(' ') } };
}

function denyStepUp(reason: DenialReason, stepUp: StepUpChallenge): { denial: Denial } {
  return { denial: { reason, stepUp } };
}
