import { maxQuestions, type AskAuthority, type IntrospectionAnswer } from './authority.ts';
import { systemClock, type Clock } from './clock.ts';
import { chooser } from './confirmation-choice.ts';
import { withinDeadline } from './deadline.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import { followSuspicions, type Suspicion, type SuspicionOutcome } from './suspicions.ts';
import { systemTimers, type Timers } from './timers.ts';
import type { VerifiedToken } from './token-verifier.ts';
import type { TrustTier } from './trust-tier.ts';

/**
 * What became of the decisions that were looked at again. Numbers only grow.
 *
 * `(staleAllows + beyondBound) / (confirmed + staleAllows + beyondBound)` is the *stale-allow rate*: the share of local
 * decisions that the authority would not have taken a moment later. It is an upper bound of those that were stale: a revocation that
 * fell between the decision and the question counts as well.
 */
export type ConfirmationCounts = Readonly<{
  /** Decisions that were chosen. Each ends as one of the next four, or is still open. */
  sampled: number;
  /** The authority agrees. */
  confirmed: number;
  /** Revoked, and the feed said so by itself: what the local gate promises to miss, within the tier's bound, and no more. */
  staleAllows: number;
  /** Revoked, and the feed, complete by its own proof, does not know: the bound was not kept, and would not have been. */
  beyondBound: number;
  /** Nobody could say: the authority did not answer, or the token ended before the feed proved anything. */
  unanswered: number;
  /** Chosen by chance, and not looked at: too many in a second, or open. Not in `sampled`. */
  dropped: number;
}>;

/** One decision that the authority would not have taken. Holds no token. */
export type StaleAllow = Readonly<{
  finding: 'stale allow' | 'beyond bound';
  tier: TrustTier;
  subject: string;
  session?: string;
  /** Milliseconds from the decision to the authority's answer. */
  answeredAfterMs: number;
  /** Milliseconds from that answer until we saw that the feed says the same. `undefined`: it never did. */
  toldAfterMs: number | undefined;
}>;

/** Whom to ask, how much, and who is told. Monotonic milliseconds throughout. */
export type ConfirmationOptions = Readonly<{
  /** The authority, as it is asked under the fresh gate's `coalescingAuthority`: these questions are put together already. */
  ask: AskAuthority;
  revocations: Pick<RevocationFeed, 'silenceMs' | 'hasTold' | 'learn' | 'distrust'>;
  /** Share of the decisions that is looked at again, 0 to 1. Default 0.01. */
  share?: number;
  /** At most so many of them are chosen in a second, 1 or more. Default 10. */
  maxPerSecond?: number;
  /** At most so many are open at once. Default 100. */
  maxOpen?: number;
  /** Those that are chosen within so many milliseconds are asked about in one call. Default 250. */
  gatherForMs?: number;
  clock?: Clock;
  timers?: Timers;
  /** 0 ≤ random < 1, chooses. */
  random?: () => number;
  onStaleAllow?: (found: StaleAllow) => void;
  /** Told every minute in which a count changed, and at the end. */
  onCounts?: (counts: ConfirmationCounts) => void;
}>;

/** A decision of the local gate, after it was taken: whom it let in, at which tier, and on what evidence. */
export type LocalDecision = Readonly<{ tier: TrustTier; evidence: 'local' | 'degraded'; token: VerifiedToken }>;

/** Looks again at a share of what a local gate let in. `confirmation` of a `TrustedIssuer`. */
export type BackgroundConfirmation = Readonly<{
  /** Maybe looks at the decision again, later. Returns at once and never throws. */
  consider: (decision: LocalDecision) => void;
  counts: () => ConfirmationCounts;
  close: () => void;
}>;

const countOf = { told: 'staleAllows', lost: 'beyondBound', expired: 'unanswered' } as const;
const countsEveryMs = 60_000;
const defaultGatherForMs = 250;
const answerWithinMs = 1000;

/** A decision that was chosen. Monotonic milliseconds. */
type Considered = LocalDecision & Readonly<{ decidedAtMs: number }>;

/**
 * Asks the authority about a share of what the local gate let in, off the request's path, and acts on a "no". Those that are chosen soon
 * after each other are asked about together: ten questions cost a service little more than one.
 *
 * - The token is refused here from then on, at once.
 * - The feed must say the same by itself. If it proves itself complete up to a moment *after* the authority's answer and still
 *   has not said so, it lost the revocation. That needs no guess about when the revocation was made: it was committed before the
 *   answer, so a complete feed has it. A feed that is alive proves itself within 3.5 s, less than any tier's bound. The feed is
 *   then distrusted, and the service demotes itself by the matrix until a new snapshot proves otherwise.
 * - A feed that is silent proves nothing and is accused of nothing: its silence demotes the service already.
 *
 * Only users' tokens that name a session are looked at, and nothing is concluded from one that is about to expire: a session
 * that ends by time is told to nobody.
 *
 * @throws when `share` is no share, or `maxPerSecond` is below 1
 *
 * Not looked at: transaction tokens, services' own tokens, and what the fresh gate let in.
 */
export function backgroundConfirmation(options: ConfirmationOptions): BackgroundConfirmation {
  const { ask, revocations, clock = systemClock, timers = systemTimers } = options;
  const { gatherForMs = defaultGatherForMs } = options;
  const counts = { sampled: 0, confirmed: 0, staleAllows: 0, beyondBound: 0, unanswered: 0, dropped: 0 };
  const choose = chooser(options, clock);
  let gathered: Considered[] = [];
  let cancelAsking = (): void => {};
  let open = 0;
  const suspicions = followSuspicions({ revocations, clock, timers, settled });

  function consider(decision: LocalDecision): void {
    const choice = choose(decision, open);
    if (choice === 'dropped') counts.dropped += 1;
    if (choice !== 'chosen') return;
    counts.sampled += 1;
    open += 1;
    gathered.push({ ...decision, decidedAtMs: clock.monotonicMs() });
    // Later: whatever asking costs, the request that was let in does not pay it.
    if (gathered.length === 1) cancelAsking = timers.after(gatherForMs, askTogether);
  }

  function askTogether(): void {
    const chosen = gathered;
    gathered = [];
    for (let at = 0; at < chosen.length; at += maxQuestions) void confirm(chosen.slice(at, at + maxQuestions));
  }

  async function confirm(chosen: readonly Considered[]): Promise<void> {
    const questions = chosen.map(({ token: { tokenId, session = '', subject, client } }) => {
      return { tokenId, session, subject, client };
    });
    const answers = await withinDeadline(answerWithinMs, (signal) => ask(questions, signal)).catch(() => []);
    // Of another number, nobody can say which answers what.
    const isWhole = Array.isArray(answers) && answers.length === chosen.length;
    for (const [index, considered] of chosen.entries()) settle(considered, isWhole ? answers[index] : undefined);
  }

  function settle(considered: Considered, answer: IntrospectionAnswer | undefined): void {
    if (answer?.active === true) return end('confirmed');
    // Whatever is not understood is no answer: above all, it is no "no".
    if (answer?.active !== false) return end('unanswered');
    revocations.learn({ kind: 'token', tokenId: considered.token.tokenId });
    suspicions.add({ ...considered, answeredAtMs: clock.monotonicMs() });
  }

  function end(count: 'confirmed' | 'staleAllows' | 'beyondBound' | 'unanswered'): void {
    counts[count] += 1;
    open -= 1;
  }

  function settled(suspicion: Suspicion, outcome: SuspicionOutcome): void {
    end(countOf[outcome]);
    if (outcome !== 'expired') options.onStaleAllow?.(findingOf(suspicion, outcome, clock.monotonicMs()));
  }

  const stopTelling = tellCounts(options.onCounts, { counts, timers });
  return {
    consider,
    counts: () => ({ ...counts }),
    close: () => {
      cancelAsking();
      suspicions.close();
      stopTelling();
    },
  };
}

function findingOf(suspicion: Suspicion, outcome: 'told' | 'lost', nowMs: number): StaleAllow {
  const { tier, token, decidedAtMs, answeredAtMs } = suspicion;
  const { subject, session } = token;
  return {
    finding: outcome === 'told' ? 'stale allow' : 'beyond bound',
    tier,
    subject,
    ...(session !== undefined && { session }),
    answeredAfterMs: answeredAtMs - decidedAtMs,
    toldAfterMs: outcome === 'told' ? nowMs - answeredAtMs : undefined,
  };
}

type Telling = Readonly<{ counts: ConfirmationCounts; timers: Timers }>;

function tellCounts(onCounts: ConfirmationOptions['onCounts'], { counts, timers }: Telling): () => void {
  if (onCounts === undefined) return () => {};
  let told = JSON.stringify(counts);
  const tell = (): void => {
    const now = JSON.stringify(counts);
    if (now !== told) onCounts({ ...counts });
    told = now;
  };
  const tellAgain = (): void => {
    tell();
    cancel = timers.after(countsEveryMs, tellAgain);
  };
  let cancel = timers.after(countsEveryMs, tellAgain);
  return () => {
    cancel();
    tell();
  };
}
