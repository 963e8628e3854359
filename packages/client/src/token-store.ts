import type { TokenSet } from './token-set.ts';

/**
 * Where the tokens of one sign-in are kept between page loads.
 *
 * A refresh token works once, and using it twice ends the session: a store belongs to one client at a time. Two tabs or
 * two processes on one store need a lock around it (`navigator.locks`, say). Whoever reads the store can act as the user.
 */
export type TokenStore = Readonly<{
  read: () => TokenSet | undefined | Promise<TokenSet | undefined>;
  /** Must be finished, or have thrown, when the promise settles: what it replaces is already spent. */
  write: (tokens: TokenSet | undefined) => void | Promise<void>;
}>;

/** Forgets on reload. The default, because no script that is injected later finds anything to read. */
export function inMemoryTokenStore(): TokenStore {
  let held: TokenSet | undefined;
  return {
    read: () => held,
    write: (tokens) => {
      held = tokens;
    },
  };
}
