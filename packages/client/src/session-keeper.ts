import type { AuthorityCalls, Credentials } from './authority-calls.ts';
import { holdTokens, type Holding } from './held-tokens.ts';
import type { BackFromProvider } from './provider-sign-in.ts';
import { isRefusal, openTokenRenewal, type TokenRenewal } from './token-renewal.ts';
import type { Session, TokenSet } from './token-set.ts';
import type { TokenStore } from './token-store.ts';
import { turnTaking } from './turn-taking.ts';

export type SessionKeeper = TokenRenewal &
  Readonly<{
    /** What is held now, fresh or not. */
    current: () => Promise<Holding | undefined>;
    /** Shows a second factor. False when the sign-in of `before` is over. Throws what the authority answers. */
    stepUp: (before: Holding, members: Readonly<Record<string, unknown>>) => Promise<boolean>;
    signIn: (credentials: Credentials) => Promise<Session>;
    signInFromProvider: (back: BackFromProvider) => Promise<Session>;
    signInByPasskey: (answer: unknown) => Promise<Session>;
    signOut: () => Promise<void>;
  }>;

export type SessionKeeperOptions = Readonly<{
  authority: AuthorityCalls;
  store: TokenStore;
  /** Never the wall clock. It may stand still while a computer sleeps: then a service's 401 tells what the clock did not. */
  monotonicMs: () => number;
}>;

/**
 * Holds the tokens, and is the only one to spend a refresh token. A refresh token works once and using it twice ends the
 * session, so everything that spends one takes turns, and looks again at what is held when its turn has come.
 *
 * Only a decision of the authority ends a session here. Silence, a 5xx or a broken answer leaves everything as it was.
 * Not solved here: an answer that is lost on its way back has spent the token all the same.
 */
export function openSessionKeeper(options: SessionKeeperOptions): SessionKeeper {
  const { authority, store, monotonicMs } = options;
  const inTurn = turnTaking();
  const held = holdTokens(store, monotonicMs);
  const renewal = openTokenRenewal({ held, authority, inTurn, monotonicMs });

  const signInBy = (ask: () => Promise<TokenSet>): Promise<Session> =>
    inTurn(async () => {
      await held.loaded();
      const { tokens } = await held.replace('signing in', ask);
      return tokens.session;
    });

  return {
    ...renewal,
    current: held.loaded,

    stepUp: (before, members) =>
      inTurn(async () => {
        const holding = held.now();
        if (holding?.signIn !== before.signIn) return false;
        await held.replace('stepping up', () => authority.stepUp(holding.tokens.refreshToken, members));
        return true;
      }),

    signIn: (credentials) => signInBy(() => authority.signIn(credentials)),
    signInFromProvider: (back) => signInBy(() => authority.signInFromProvider(back)),
    signInByPasskey: (answer) => signInBy(() => authority.signInByPasskey(answer)),

    signOut: () =>
      inTurn(async () => {
        const leaving = await held.loaded();
        if (leaving === undefined) return;
        await held.drop();
        await authority.signOut(leaving.tokens.refreshToken).catch((error: unknown) => {
          if (!isRefusal(error)) throw error;
        });
      }),
  };
}
