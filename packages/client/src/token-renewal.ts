import type { AuthorityCalls } from './authority-calls.ts';
import { statusOf } from './denial-answer.ts';
import type { HeldTokens, Holding } from './held-tokens.ts';
import type { TakeTurns } from './turn-taking.ts';

export type TokenRenewal = Readonly<{
  /** What to call with: renewed first when it is over, in the background when it soon will be. */
  usable: () => Promise<Holding | undefined>;
  /** What to call with after a service refused `refused`; undefined when that sign-in is over. Throws in an outage. */
  renewed: (refused: Holding) => Promise<Holding | undefined>;
}>;

export type TokenRenewalOptions = Readonly<{
  held: HeldTokens;
  authority: AuthorityCalls;
  inTurn: TakeTurns;
  monotonicMs: () => number;
}>;

/** Milliseconds without another unasked attempt after the authority failed to renew. */
const restMs = 1000;

/** Renews once for any number of callers: whoever comes with older tokens gets those that are held by then. */
export function openTokenRenewal(options: TokenRenewalOptions): TokenRenewal {
  const { held, authority, inTurn, monotonicMs } = options;
  let underWay: { spent: Holding; outcome: Promise<Holding | undefined> } | undefined;
  let restUntilMs = -Infinity;

  async function refresh(spent: Holding): Promise<Holding | undefined> {
    // A step-up or a sign-out may have had its turn before.
    if (held.now() !== spent) return held.now();
    try {
      return await held.replace('refreshing', () => authority.refresh(spent.tokens.refreshToken));
    } catch (error) {
      restUntilMs = monotonicMs() + restMs;
      if (!isRefusal(error)) throw error;
      await held.drop();
      return undefined;
    }
  }

  function renew(spent: Holding): Promise<Holding | undefined> {
    if (underWay?.spent === spent) return underWay.outcome;
    const outcome = inTurn(() => refresh(spent)).finally(() => {
      if (underWay?.spent === spent) underWay = undefined;
    });
    underWay = { spent, outcome };
    return outcome;
  }

  return {
    async usable() {
      const holding = await held.loaded();
      const now = monotonicMs();
      if (holding === undefined || now < holding.renewAtMs || now < restUntilMs) return holding;
      // In an outage the call goes out as it is: the service that gets it knows best whether it will do.
      const renewal = renew(holding).catch(() => holding);
      return now < holding.overAtMs ? holding : renewal;
    },

    async renewed(refused) {
      const next = held.now() === refused ? await renew(refused) : held.now();
      return next?.signIn === refused.signIn ? next : undefined;
    },
  };
}

/** The authority looked at the refresh token and said no. Anything else, 404 and 429 included, decides nothing. */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return status === 400 || status === 401 || status === 403;
}
