import type { Standing } from './authorize.ts';
import { systemClock, type Clock } from './clock.ts';
import type { DenialReason } from './denial.ts';
import type { VerifyTransaction } from './propagation.ts';
import type { RequestContext } from './request-context.ts';
import { liveWithinMs, type RevocationFeed } from './revocation-feed.ts';
import type { TokenVerifier, Verification } from './token-verifier.ts';
import { courseOf, trustMatrix, type TrustTier } from './trust-tier.ts';

/** What was decided about one call, for logs and metrics. Holds no token. */
export type Decision = Readonly<{
  path: string;
  tier: TrustTier;
  outcome: 'admitted' | DenialReason;
  evidence?: string;
  subject?: string;
  client?: string;
  traceId: string;
  /** Milliseconds from the call's arrival at the gate to the decision. */
  tookMs: number;
}>;

export type GateOptions = Readonly<{
  /** The local gate. */
  local: TokenVerifier;
  /** The fresh gate. */
  fresh: TokenVerifier;
  revocations: Pick<RevocationFeed, 'silenceMs' | 'isRevoked' | 'learn'>;
  /** Without it, nothing that another service carries here is believed. */
  transactions?: VerifyTransaction;
  /** Milliseconds from a revocation's commit to its arrival here, while all is well. Default 1000: the authority's poll. */
  feedDeliveryMs?: number;
  clock?: Clock;
  onDecision?: (decision: Decision) => void;
}>;

export type Gates = Readonly<{
  examine: (request: RequestContext, carriedBy: 'bearer' | 'transaction') => Promise<Standing>;
  report: (decision: Decision) => void;
  clock: Clock;
}>;

/** Opens both gates of a service. Throws when the parts of a staleness bound do not fit it: such a service must not start. */
export function openGates(options: GateOptions): Gates {
  const clock = options.clock ?? systemClock;
  assertBoundsHold(options.feedDeliveryMs ?? 1000);
  return {
    clock,
    report: (decision) => options.onDecision?.(decision),
    examine: async (request, carriedBy) =>
      carriedBy === 'bearer' ? examineBearer(options, request) : examineTransaction(options, request),
  };
}

/** Cached verifications add nothing to the sum: each hit is held against the feed. */
function assertBoundsHold(feedDeliveryMs: number): void {
  const staleMs = liveWithinMs + feedDeliveryMs;
  for (const [tier, { stalenessBoundSeconds, gate }] of Object.entries(trustMatrix)) {
    if (gate === 'local' && staleMs > stalenessBoundSeconds * 1000) {
      throw new Error(
        `${tier} promises ${stalenessBoundSeconds} s, but feed silence and delivery add up to ${staleMs / 1000} s`,
      );
    }
  }
}

async function examineBearer(options: GateOptions, request: RequestContext): Promise<Standing> {
  const { authorization } = request;
  if (authorization.kind === 'none') return { kind: 'nobody' };
  if (authorization.kind === 'refused') return authorization;

  const course = courseOf(request.tier, options.revocations.silenceMs(), liveWithinMs);
  const verifier = course === 'introspect' ? options.fresh : options.local;
  const verification = await verifier.verify(authorization.token);
  const refusal = refuse(options, verification);
  if (refusal !== undefined) return refusal;
  if (verification.outcome !== 'verified') return { kind: 'refused', reason: verification.reason };
  const { token, session, checkedAtMs } = verification;
  if (session !== undefined) return { kind: 'known', evidence: 'fresh', token, session, checkedAtMs };
  // A service's own token has no session, so there is nothing to introspect: its signature and five minutes must do.
  if (course === 'introspect') return { kind: 'known', evidence: 'local', token, checkedAtMs };
  if (course === 'anonymous' || course === 'unavailable') return { kind: 'refused', reason: 'feed_silent' };
  return { kind: 'known', evidence: course, token, checkedAtMs };
}

/** A "no" from either gate, or from the feed, is remembered: no gate here will say yes to that token again. */
function refuse({ revocations }: GateOptions, verification: Verification): Standing | undefined {
  if (verification.outcome === 'verified') {
    return revocations.isRevoked(verification.token) ? { kind: 'refused', reason: 'revoked' } : undefined;
  }
  if (verification.reason === 'revoked' && verification.token !== undefined) {
    revocations.learn({ kind: 'token', tokenId: verification.token.tokenId });
  }
  return { kind: 'refused', reason: verification.reason };
}

async function examineTransaction(options: GateOptions, request: RequestContext): Promise<Standing> {
  const bearer = await request.standing('bearer');
  if (bearer.kind !== 'known') return bearer;
  const { transaction } = request;
  if (transaction.kind === 'refused') return transaction;
  if (bearer.token.session !== undefined) return { kind: 'refused', reason: 'caller_kind' };
  if (transaction.kind === 'none' || options.transactions === undefined)
    return { kind: 'refused', reason: 'transaction_missing' };

  const verification = await options.transactions(transaction.token);
  if (verification.outcome !== 'verified') return { kind: 'refused', reason: verification.reason };
  if (verification.transaction.chain.at(-1) !== bearer.token.client)
    return { kind: 'refused', reason: 'transaction_chain' };
  if (options.revocations.isRevoked(verification.token)) return { kind: 'refused', reason: 'revoked' };
  const { token, transaction: frozen, checkedAtMs } = verification;
  return { kind: 'propagated', service: bearer.token, token, transaction: frozen, checkedAtMs };
}
