import type { TokenSet } from './token-set.ts';
import type { TokenStore } from './token-store.ts';

/** The tokens of one sign-in at one moment. A new object for each set that the authority gave. */
export type Holding = Readonly<{
  tokens: TokenSet;
  /** Counts sign-ins: a call that began in one is never repeated in the next, which may be somebody else's. */
  signIn: number;
  /** Counts step-ups within the sign-in. */
  stepUps: number;
  /** Monotonic: from here on the next set is asked for. */
  renewAtMs: number;
  /** Monotonic: from here on no service takes these any more. */
  overAtMs: number;
}>;

export type HeldTokens = Readonly<{
  now: () => Holding | undefined;
  /** The same, after what an earlier page load left in the store has been read. */
  loaded: () => Promise<Holding | undefined>;
  /** Asks for a set and holds it. Life is counted from before the question, so that it is never believed too long. */
  replace: (by: 'signing in' | 'refreshing' | 'stepping up', ask: () => Promise<TokenSet>) => Promise<Holding>;
  drop: () => Promise<void>;
}>;

/** Memory decides, the store follows. Callers of `replace` and `drop` take turns. */
export function holdTokens(store: TokenStore, monotonicMs: () => number): HeldTokens {
  let loading: Promise<void> | undefined;
  let holding: Holding | undefined;
  let signIns = 0;

  async function load(): Promise<void> {
    const tokens = await store.read();
    // How old they are is not known, so they count as over.
    if (tokens) holding = { tokens, signIn: signIns, stepUps: 0, renewAtMs: -Infinity, overAtMs: -Infinity };
  }

  return {
    now: () => holding,

    async loaded() {
      loading ??= load().catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      await loading;
      return holding;
    },

    async replace(by, ask) {
      const askedAtMs = monotonicMs();
      const tokens = await ask();
      if (by === 'signing in') signIns += 1;
      const stepUps = by === 'signing in' ? 0 : (holding?.stepUps ?? 0) + (by === 'stepping up' ? 1 : 0);
      const next = { tokens, signIn: signIns, stepUps, ...lifeOf(tokens, askedAtMs) };
      holding = next;
      await store.write(tokens);
      return next;
    },

    async drop() {
      holding = undefined;
      await store.write(undefined);
    },
  };
}

function lifeOf(tokens: TokenSet, askedAtMs: number): Pick<Holding, 'renewAtMs' | 'overAtMs'> {
  const lives = Object.values(tokens.accessTokens).map((access) => access.expiresInSeconds * 1000);
  const lifeMs = Math.min(...lives);
  return { renewAtMs: askedAtMs + lifeMs * 0.8, overAtMs: askedAtMs + lifeMs };
}
