import { andThen } from './and-then.ts';
import type { Standing } from './authorize.ts';
import type { BearerToken } from './bearer-token.ts';
import { systemClock, type Clock, type Moment } from './clock.ts';
import { courseWhenBehind } from './consistency-token.ts';
import { watchDemotions, type Demotion } from './demotion.ts';
import type { DenialReason } from './denial.ts';
import type { OnwardWish } from './onward.ts';
import { openIssuers, type OpenIssuer, type OpenIssuers } from './open-issuers.ts';
import { rolesOf, userOf } from './principal.ts';
import { proofVerifier, type ProofVerifier } from './proof-verifier.ts';
import type { VerifyTransaction } from './propagation.ts';
import type { RequestContext } from './request-context.ts';
import { noRestrictions, type Restrictions } from './restrictions.ts';
import { senderCheck } from './sender-check.ts';
import { assertStalenessFits, type StalenessParts } from './staleness.ts';
import { systemTimers, type Timers } from './timers.ts';
import type { Verification } from './token-verifier.ts';
import type { Trace } from './trace.ts';
import type { Course, TrustTier } from './trust-tier.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/** What was decided about one call, for logs and metrics. Holds no token. */
export type Decision = Readonly<{
  path: string;
  tier: TrustTier;
  outcome: 'admitted' | DenialReason;
  evidence?: string | undefined;
  /** There when the local gate had checked the token before this call began: nothing was left to do but to look it up. */
  cached?: true | undefined;
  /** Unique within `issuer`. */
  subject?: string | undefined;
  issuer?: string | undefined;
  client?: string | undefined;
  trace: Trace;
  /** Milliseconds from the call's arrival at the gate to the decision. */
  tookMs: number;
}>;

/** The parts that `openGates` puts together. Times in milliseconds. */
export type GateOptions = Readonly<{
  /** Whose tokens are believed, each issuer with its own gates, keys and revocations. */
  issuers: readonly TrustedIssuer[];
  /** Without it, nothing that another service carries here is believed. */
  transactions?: VerifyTransaction;
  /** Checks what tokens that are bound to a key come with. Default: by this instance alone, with a nonce when clocks differ. */
  proofs?: ProofVerifier;
  /** Tiers at which no bearer token is taken, but only one that is bound to its sender. Default: none. */
  senderConstrainedTiers?: readonly TrustTier[];
  /** What this service adds to the package's own parts of a staleness bound, e.g. a cache in front of a verifier. */
  staleness?: Partial<StalenessParts>;
  /** What is ordered across the house: `restrictions` of its feed. Default: nothing ever is. */
  restrictions?: () => Restrictions;
  clock?: Clock;
  timers?: Timers;
  onDecision?: (decision: Decision) => void;
  /** Told once of each change in how a tier is decided: a feed fell silent, or is back. */
  onDemotion?: (demotion: Demotion) => void;
}>;

/** `wish`: what the authority is asked for besides. `moment`: now, of the gates' clock. */
export type Asking = Readonly<{ wish?: OnwardWish | undefined; moment?: Moment | undefined }>;

/** Both gates of a service, opened. `openRequest` takes them; nothing else needs to call their members. */
export type Gates = Readonly<{
  examine: (
    request: RequestContext,
    carriedBy: 'bearer' | 'transaction',
    asking?: Asking,
  ) => Standing | Promise<Standing>;
  /** With the standing that an admitted call rests on. */
  report: (decision: Decision, standing?: Standing) => void;
  /** Whether nobody is let in at this tier, by order. */
  isClosed: (tier: TrustTier) => boolean;
  clock: Clock;
  /** Ends what the issuers keep open. */
  close: () => void;
}>;

/**
 * Opens both gates of a service. Throws when the parts of a staleness bound do not fit it, or its issuers do not fit together:
 * such a service must not start.
 */
export function openGates(options: GateOptions): Gates {
  const clock = options.clock ?? systemClock;
  const restrictions = options.restrictions ?? (() => noRestrictions);
  const issuers = openIssuers(options.issuers, { clock, restrictions });
  assertStalenessFits(options.staleness ?? {}, options.issuers);
  const { timers = systemTimers, onDemotion } = options;
  const { proofs = proofVerifier({ clock }), senderConstrainedTiers = [] } = options;
  const checkSender = senderCheck({ proofs, constrainedTiers: new Set(senderConstrainedTiers) });
  const stopWatching =
    onDemotion && watchDemotions({ issuers: options.issuers, clock, timers, restrictions, onDemotion });
  return {
    clock,
    isClosed: (tier) => restrictions().tiers[tier] === 'closed',
    report: (decision, standing) => {
      options.onDecision?.(decision);
      if (decision.outcome === 'admitted' && standing !== undefined) maybeConfirm(issuers, decision.tier, standing);
    },
    examine: (request, carriedBy, asking = {}) => {
      if (carriedBy === 'transaction') return examineTransaction(options, issuers, request);
      return andThen(examineBearer(issuers, request, asking), (standing) =>
        standing.kind === 'known' ? checkSender(standing, request) : standing,
      );
    },
    close: () => {
      stopWatching?.();
      for (const { confirmation, close } of options.issuers) {
        confirmation?.close();
        close?.();
      }
    },
  };
}

function maybeConfirm(issuers: OpenIssuers, tier: TrustTier, standing: Standing): void {
  if (standing.kind !== 'known' || standing.evidence === 'fresh') return;
  const { evidence, token } = standing;
  issuers.named(token.issuer)?.confirmation?.consider({ tier, evidence, token });
}

function examineBearer(issuers: OpenIssuers, request: RequestContext, asking: Asking): Standing | Promise<Standing> {
  const { authorization, consistency } = request;
  if (consistency.kind === 'refused') return consistency;
  switch (authorization.kind) {
    case 'none':
      return { kind: 'nobody' };
    case 'refused':
      return authorization;
    case 'opaque': {
      const issuer = issuers.ofOpaqueTokens;
      if (issuer?.opaque === undefined) return refused('token_malformed');
      return andThen(issuer.opaque.verify(authorization.token), (answer) => standingOf(issuer, answer, 'introspect'));
    }
    case 'token': {
      const issuer = issuers.of(authorization.token);
      return issuer === undefined
        ? refused('token_issuer')
        : examineSigned(issuer, authorization.token, { request, asking });
    }
  }
}

function examineSigned(
  issuer: OpenIssuer,
  token: BearerToken,
  { request, asking: { wish, moment } }: Readonly<{ request: RequestContext; asking: Asking }>,
): Standing | Promise<Standing> {
  if (issuer.local === undefined) return refused('token_issuer');
  const behind = issuer.isBehind(request.consistency);
  const present = issuer.course(request.tier, moment);
  const course = behind ? courseWhenBehind(present) : present;
  const { fresh } = issuer;
  if (course === 'introspect' && fresh !== undefined) {
    return andThen(fresh.verify(token, wish), (answer) => {
      const asked = standingOf(issuer, answer, course);
      // Nobody can be asked about a service's own token: what it carries here could be over by now.
      return behind && asked.kind === 'known' && asked.evidence !== 'fresh' ? refused('feed_behind') : asked;
    });
  }
  return andThen(issuer.local.verify(token, undefined, moment), (verification) => {
    const standing = standingOf(issuer, verification, course === 'introspect' ? 'local' : course);
    if (standing.kind !== 'known') return standing;
    if (course === 'introspect') return refused(behind ? 'feed_behind' : 'issuer_not_asked');
    if (issuer.believes(standing.token)) return standing;
    if (fresh === undefined) return refused('token_stale');
    return andThen(fresh.verify(token), (answer) => standingOf(issuer, answer, 'introspect'));
  });
}

/** A "no" from either gate, or from the feed, is remembered: no gate here will say yes to that token again. */
function standingOf(issuer: OpenIssuer, verification: Verification, course: Course): Standing {
  if (verification.outcome !== 'verified') {
    if (verification.reason === 'revoked' && verification.token !== undefined) {
      issuer.learn({ kind: 'token', tokenId: verification.token.tokenId });
    }
    return refused(verification.reason);
  }
  const { token, session, checkedAtMs, onward } = verification;
  if (issuer.isRevoked(token)) return refused('revoked');
  if (issuer.isTooOld(token)) return refused('token_stale');
  const here = issuer.name === undefined ? token : { ...token, roles: rolesOf(issuer.name, token.roles) };
  const name = userOf(issuer.name, token.subject);
  if (session !== undefined) {
    const fresh = { kind: 'known', evidence: 'fresh', token: here, name, checkedAtMs, session } as const;
    return onward === undefined ? fresh : { ...fresh, onward };
  }
  switch (course) {
    case 'local':
    case 'degraded':
      return { kind: 'known', evidence: course, token: here, name, checkedAtMs };
    case 'introspect':
      // A service's own token has no session, so there is nothing to introspect: its signature and five minutes must do.
      if (token.kind !== 'service') return refused('authority_unreachable');
      return { kind: 'known', evidence: 'local', token: here, name, checkedAtMs };
    case 'anonymous':
    case 'unavailable':
      return refused('feed_silent');
  }
}

function refused(reason: DenialReason): Standing {
  return { kind: 'refused', reason };
}

async function examineTransaction(
  { transactions }: GateOptions,
  issuers: OpenIssuers,
  request: RequestContext,
): Promise<Standing> {
  const bearer = await request.standing('bearer');
  if (bearer.kind !== 'known') return bearer;
  const { transaction } = request;
  if (transaction.kind === 'refused') return transaction;
  if (bearer.token.kind !== 'service') return refused('caller_kind');
  if (transaction.kind === 'none' || transactions === undefined) return refused('transaction_missing');

  const verification = await transactions(transaction.token);
  if (verification.outcome !== 'verified') return refused(verification.reason);
  const { token, transaction: frozen, checkedAtMs } = verification;
  // Another issuer's service of the same name is another service.
  const isCarrier = frozen.chain.at(-1) === bearer.token.client && token.issuer === bearer.token.issuer;
  if (!isCarrier) return refused('transaction_chain');
  const issuer = issuers.named(token.issuer);
  if (issuer === undefined) return refused('token_issuer');
  if (issuer.isRevoked(token)) return refused('revoked');
  const name = userOf(issuer.name, token.subject);
  return { kind: 'propagated', service: bearer.token, token, name, transaction: frozen, checkedAtMs };
}
