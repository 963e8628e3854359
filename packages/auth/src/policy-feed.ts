import { monotonicMsAt, systemClock, type Clock, type Moment } from './clock.ts';
import { withinDeadline } from './deadline.ts';
import type { PolicyRules, PolicySource } from './policy.ts';

/** Where rule sets come from, how they are read, and who hears of them. */
export type FollowPolicyOptions = Readonly<{
  /** Asks the authority for its newest rule set. Rejects when there is no answer; the signal aborts after 5 s. */
  load: (signal: AbortSignal) => Promise<unknown>;
  /** Makes a rule set answer, or throws why it is not taken: `openPolicyRules` with this service's vocabulary. */
  open: (ruleSet: unknown) => PolicyRules;
  clock?: Clock;
  /** 0 ≤ random < 1, for the jitter of retries. */
  random?: () => number;
  /** Told of each rule set when it comes into force here. */
  onRules?: (version: number) => void;
  /** The alarm, once when it begins and once when it is over: the rules in force may not be the newest. */
  onAlarm?: (isOn: boolean, error?: unknown) => void;
}>;

/** The rules in force here, and how long ago they were last known to be the newest. */
export type PolicyFeed = PolicySource &
  Readonly<{
    /** For the feed's `policy` events: a version that is newer than ours is loaded at once. */
    announced: (version: number) => void;
    /** Loads again, e.g. because the feed is back and may have missed an announcement. */
    reload: () => void;
    /** Milliseconds since the authority last said that these rules are its newest. Infinity before the first time. */
    ageMs: () => number;
    /** `undefined` before the first rule set. */
    version: () => number | undefined;
    close: () => void;
  }>;

/** Without any announcement the rules are loaded again this often. */
const reloadEveryMs = 10 * 60 * 1000;

/** Rules that the authority has not confirmed for this long are believed no more. Six reloads must have failed by then. */
export const believePolicyForMs = 60 * 60 * 1000;

const answerWithinMs = 5000;
const firstRetryMs = 500;
const lastRetryMs = 30_000;

/**
 * Holds the newest rule set: loads it at once, on announcement, and every ten minutes. An answer that is missing, malformed or
 * older than what is held replaces nothing; it raises the alarm, and the question is asked again, ever more slowly. The time
 * that counts is taken before a question is sent, so rules are never believed to be younger than they are.
 */
export function followPolicy(options: FollowPolicyOptions): PolicyFeed {
  const clock = options.clock ?? systemClock;
  let rules: PolicyRules | undefined;
  let confirmedAtMs = -Infinity;
  let announcedVersion = 0;

  const ageMs = (moment?: Moment): number => monotonicMsAt(clock, moment) - confirmedAtMs;

  async function load(isStillWanted: () => boolean): Promise<void> {
    const askedAtMs = clock.monotonicMs();
    const read = options.open(await withinDeadline(answerWithinMs, options.load));
    if (!isStillWanted()) return;
    const atLeast = Math.max(rules?.version ?? 1, announcedVersion);
    if (read.version < atLeast) {
      throw new Error(`the authority answered rule set ${read.version}, and version ${atLeast} is known`);
    }
    confirmedAtMs = askedAtMs;
    if (read.version === rules?.version) return;
    rules = read;
    options.onRules?.(read.version);
  }

  const turns = loadInTurns(load, options);

  return {
    current: (moment) => (ageMs(moment) <= believePolicyForMs ? rules : undefined),
    latest: () => rules,
    announced: (version) => {
      if (version <= Math.max(rules?.version ?? 0, announcedVersion)) return;
      announcedVersion = version;
      turns.now();
    },
    reload: turns.now,
    ageMs,
    version: () => rules?.version,
    close: turns.close,
  };
}

type Load = (isStillWanted: () => boolean) => Promise<void>;

/**
 * One question at a time, the first at once. Whoever asks while one is under way gets another one after it: its answer may be
 * too old for them.
 */
function loadInTurns(load: Load, { random = Math.random, onAlarm }: Pick<FollowPolicyOptions, 'random' | 'onAlarm'>) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let isAlarmed = false;
  let isLoading = false;
  let isAskedAgain = false;
  let isClosed = false;

  function now(): void {
    if (isClosed) return;
    if (isLoading) {
      isAskedAgain = true;
      return;
    }
    isLoading = true;
    clearTimeout(timer);
    load(() => !isClosed).then(
      () => ended(false),
      (error: unknown) => ended(true, error),
    );
  }

  function ended(failed: boolean, error?: unknown): void {
    isLoading = false;
    if (isClosed) return;
    failures = failed ? failures + 1 : 0;
    if (failed !== isAlarmed) onAlarm?.(failed, error);
    isAlarmed = failed;
    const ceilingMs = Math.min(lastRetryMs, firstRetryMs * 2 ** (failures - 1));
    const waitMs = failed ? ceilingMs * (0.5 + random() / 2) : reloadEveryMs;
    timer = setTimeout(now, isAskedAgain ? 0 : waitMs);
    isAskedAgain = false;
  }

  now();
  return {
    now,
    close: (): void => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
