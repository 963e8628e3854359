import { andThen } from './and-then.ts';
import type { BearerToken } from './bearer-token.ts';
import { monotonicMsAt, systemClock, type Clock } from './clock.ts';
import { markOf, sightings, type Sightings } from './sightings.ts';
import type { TokenVerifier, Verification } from './token-verifier.ts';

/** Bounds of the cache, by number and by size: whichever is reached first drops the oldest entry. */
export type CachingOptions = Readonly<{
  /** Default 10,000. */
  maxEntries?: number;
  /** Bytes that all entries may take, by estimate. Default 16 Mi. */
  maxBytes?: number;
  /**
   * Epoch of the keys that `inner` verifies with (`VerificationKeys.epoch`): nothing that was verified in one epoch is believed in
   * another. Without it, what a withdrawn key signed is believed for up to 5 s more.
   */
  epoch?: () => number;
  /**
   * Default `returning`: a token that is verified a second time, so that what comes once leaves nothing in memory, but for the
   * 512 KiB of marks that are there from the start. `each`, from the first
   * time on, spares one signature check for each token, where memory does not matter.
   */
  keep?: 'returning' | 'each';
  clock?: Clock;
}>;

/** Milliseconds that a verified token is believed without a new signature check, at most. */
const cacheForMs = 5000;

type Verified = Extract<Verification, { outcome: 'verified' }>;
type Entry = Readonly<{ token: BearerToken; verification: Verified; untilMs: number; epoch: number; bytes: number }>;

/**
 * Remembers tokens that were verified. The key is the whole canonical text, so two tokens never share an entry: it is looked for by
 * its mark, then compared. Of two tokens with one mark, a pair that one in a hundred full caches has, the later has the place. Only
 * "yes" is kept, for at most 5 s, never past `exp`, and only in the epoch of keys in which its check began. Revocation is not
 * remembered here: the gate looks at the feed after every verification, cached or not, so an entry that began before a revocation
 * cannot bring its token back.
 */
export function cachingVerifier(inner: TokenVerifier, options: CachingOptions = {}): TokenVerifier {
  const clock = options.clock ?? systemClock;
  const maxEntries = options.maxEntries ?? 10_000;
  const maxBytes = options.maxBytes ?? 16 * 1024 * 1024;
  const epoch = options.epoch ?? (() => 0);
  const seen = options.keep === 'each' ? everything : sightings();
  const entries = new Map<number, Entry>();
  let bytes = 0;

  function forget(mark: number): void {
    bytes -= entries.get(mark)?.bytes ?? 0;
    entries.delete(mark);
  }

  function remember(mark: number, entry: Entry): void {
    forget(mark);
    entries.set(mark, entry);
    bytes += entry.bytes;
    // A Map keeps insertion order: the oldest entry goes first.
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries && bytes <= maxBytes) break;
      forget(oldest);
    }
  }

  return {
    maxLifetimeSeconds: inner.maxLifetimeSeconds,
    verify(token, _wish, moment): Verification | Promise<Verification> {
      const mark = markOf(token);
      const entry = entries.get(mark);
      if (entry?.token === token) {
        const { verification, untilMs } = entry;
        const isAlive = monotonicMsAt(clock, moment) < untilMs && clock.epochSeconds() < verification.token.expiresAt;
        if (isAlive && entry.epoch === epoch()) return verification;
        forget(mark);
      }
      return verifyAndRemember(token, mark);
    },
  };

  function verifyAndRemember(token: BearerToken, mark: number): Verification | Promise<Verification> {
    // Read before the check: were a key withdrawn meanwhile, the entry would be of the epoch that has passed.
    const begunIn = epoch();
    const settle = (verification: Verification): Verification => {
      if (verification.outcome === 'verified' && begunIn === epoch()) {
        if (seen.has(mark)) remember(mark, entryOf(token, verification, begunIn));
        else seen.add(mark);
      }
      return verification;
    };
    return andThen(inner.verify(token), settle);
  }

  function entryOf(token: BearerToken, verification: Verified, begunIn: number): Entry {
    const leftMs = (verification.token.expiresAt - clock.epochSeconds()) * 1000;
    const untilMs = verification.checkedAtMs + Math.min(cacheForMs, leftMs);
    return { token, verification, untilMs, epoch: begunIn, bytes: estimateBytes(token, verification) };
  }
}

const everything: Sightings = { has: () => true, add: () => {} };

/** A guess on the safe side: text as one byte a character, the claims as much again, and what a Map, a Set and their members take. */
function estimateBytes(token: BearerToken, { token: { scope, roles } }: Verified): number {
  return 2 * token.length + 64 * (scope.size + roles.size) + 512;
}
