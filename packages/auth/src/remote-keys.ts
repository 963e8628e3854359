import { systemClock, type Clock } from './clock.ts';
import { fetchKeySet } from './fetch-key-set.ts';
import {
  countEpochs,
  readKeySet,
  type SigningAlgorithm,
  type VerificationKey,
  type VerificationKeys,
} from './verification-keys.ts';

/** How old the keys are. Milliseconds. */
export type KeysAge = Readonly<{
  /** Since they were loaded; since opening, while they never were. */
  ageMs: number;
  /** For how long they will still be believed; 0 when they are not. */
  usableForMs: number;
}>;

/** Where keys come from (RFC 7517 §5), which algorithms they may have, and who hears of a failed load. */
export type RemoteKeysOptions = Readonly<{
  /** Where the issuer publishes its JWK set. From configuration, never from a token. */
  url: string;
  /** What the issuer signs with. A key for anything else is left out. Default `['ES256']`. */
  algorithms?: readonly SigningAlgorithm[];
  clock?: Clock;
  fetch?: typeof globalThis.fetch;
  /** A load that takes longer has failed. Default 2000. */
  loadWithinMs?: number;
  /** Told about every failed load; the keys that were there stay. */
  onLoadFailed?: (error: unknown) => void;
  /** Told once when no load has succeeded for an hour, and once when one did again: time to wake somebody. */
  onStaleness?: (stale: boolean, age: KeysAge) => void;
}>;

/** Between two loads that nobody asked for. */
const renewEveryMs = 10 * 60_000;
/** After a load that failed. */
const retryAfterMs = 5000;
/** Least time between two loads, however many tokens ask (RFC 7517 leaves it open; unknown `kid`s are free to invent). */
const cooldownMs = 30_000;
const staleAfterMs = 60 * 60_000;
/** Keys that could not be renewed serve this long. */
const usableForMs = 24 * 60 * 60_000;

/** Keys that renew themselves until they are closed. */
export type RemoteKeys = VerificationKeys &
  Readonly<{
    /** Loads now, whatever the cooldown says: when the feed names a key, or the authority is back. */
    refreshNow: () => Promise<void>;
    close: () => void;
  }>;

/**
 * The issuer's keys over HTTP, kept in memory: loaded at once, and again every ten minutes, or every five seconds while that
 * fails. Redirects are refused; an oversize, empty or hostile answer never replaces keys that were good.
 *
 * Not checked: who answers at `url`. That is TLS's part: use `https` beyond one machine.
 */
export function remoteKeys(options: RemoteKeysOptions): RemoteKeys {
  const clock = options.clock ?? systemClock;
  const freshness = watchFreshness(clock, options.onStaleness);
  const epochOf = countEpochs();
  const closing = new AbortController();
  let keys: ReadonlyMap<string, VerificationKey> = new Map();
  let epoch = 0;
  let triedAtMs = -Infinity;
  let loading: Promise<void> | undefined;
  let renewal: ReturnType<typeof setTimeout> | undefined;

  function renewAfter(milliseconds: number): void {
    clearTimeout(renewal);
    renewal = setTimeout(() => void refreshNow(), milliseconds);
  }

  async function load(): Promise<void> {
    triedAtMs = clock.monotonicMs();
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(options.loadWithinMs ?? 2000)]);
    try {
      const published = await fetchKeySet(options.url, signal, options.fetch);
      keys = await readKeySet(published, options.algorithms ?? ['ES256']);
      epoch = epochOf(keys.values());
      if (closing.signal.aborted) return;
      freshness.loaded();
      renewAfter(renewEveryMs);
    } catch (error) {
      if (closing.signal.aborted) return;
      options.onLoadFailed?.(error);
      freshness.failed();
      renewAfter(retryAfterMs);
    }
  }

  function refreshNow(): Promise<void> {
    loading ??= load().finally(() => (loading = undefined));
    return loading;
  }

  void refreshNow();
  return {
    find: (keyId) => keys.get(keyId),
    usable: () => freshness.age().usableForMs > 0,
    epoch: () => epoch,
    refreshNow,
    refresh: async () => {
      if (loading !== undefined || clock.monotonicMs() - triedAtMs >= cooldownMs) await refreshNow();
    },
    close: () => {
      closing.abort();
      clearTimeout(renewal);
    },
  };
}

function watchFreshness(clock: Clock, onStaleness: RemoteKeysOptions['onStaleness']) {
  const openedAtMs = clock.monotonicMs();
  let loadedAtMs: number | undefined;
  let stale = false;

  function age(): KeysAge {
    const ageMs = clock.monotonicMs() - (loadedAtMs ?? openedAtMs);
    return { ageMs, usableForMs: loadedAtMs === undefined ? 0 : Math.max(0, usableForMs - ageMs) };
  }

  function setStale(value: boolean): void {
    if (stale === value) return;
    stale = value;
    onStaleness?.(value, age());
  }

  return {
    age,
    loaded: () => {
      loadedAtMs = clock.monotonicMs();
      setStale(false);
    },
    // Called every few seconds while nothing can be loaded, so the hour is noticed in time.
    failed: () => {
      if (age().ageMs >= staleAfterMs) setStale(true);
    },
  };
}
