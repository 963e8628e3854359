import type { BearerToken } from './bearer-token.ts';
import { systemClock, type Clock } from './clock.ts';
import type { TokenVerifier, Verification } from './token-verifier.ts';

export type CachingOptions = Readonly<{
  /** Default 10,000. */
  maxEntries?: number;
  /** Characters of token text in all. Default 8 Mi. */
  maxCharacters?: number;
  clock?: Clock;
}>;

/** Milliseconds that a verified token is believed without a new signature check, at most. */
const cacheForMs = 5000;

type Entry = Readonly<{ verification: Verification & { outcome: 'verified' }; untilMs: number }>;

/**
 * Remembers tokens that were verified. The key is the whole canonical text, so two tokens never share an entry; only
 * "yes" is kept, for at most 5 s and never past `exp`. Revocation is not remembered here: the gate looks at the feed
 * after every verification, cached or not, so an entry that began before a revocation cannot bring its token back.
 */
export function cachingVerifier(inner: TokenVerifier, options: CachingOptions = {}): TokenVerifier {
  const clock = options.clock ?? systemClock;
  const maxEntries = options.maxEntries ?? 10_000;
  const maxCharacters = options.maxCharacters ?? 8 * 1024 * 1024;
  const entries = new Map<BearerToken, Entry>();
  let characters = 0;

  function forget(token: BearerToken): void {
    if (entries.delete(token)) characters -= token.length;
  }

  function remember(token: BearerToken, verification: Verification & { outcome: 'verified' }): void {
    const leftMs = (verification.token.expiresAt - clock.epochSeconds()) * 1000;
    forget(token);
    entries.set(token, { verification, untilMs: verification.checkedAtMs + Math.min(cacheForMs, leftMs) });
    characters += token.length;
    // A Map keeps insertion order: the oldest entry goes first.
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries && characters <= maxCharacters) break;
      forget(oldest);
    }
  }

  return {
    maxLifetimeSeconds: inner.maxLifetimeSeconds,
    verify(token): Verification | Promise<Verification> {
      const entry = entries.get(token);
      if (entry !== undefined) {
        if (clock.monotonicMs() < entry.untilMs && clock.epochSeconds() < entry.verification.token.expiresAt) {
          return entry.verification;
        }
        forget(token);
      }
      return verifyAndRemember(token);
    },
  };

  async function verifyAndRemember(token: BearerToken): Promise<Verification> {
    const verification = await inner.verify(token);
    if (verification.outcome === 'verified') remember(token, verification);
    return verification;
  }
}
