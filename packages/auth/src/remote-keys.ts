import { systemClock, type Clock } from './clock.ts';
import { readKeySet, type SigningAlgorithm, type VerificationKey, type VerificationKeys } from './verification-keys.ts';

export type RemoteKeysOptions = Readonly<{
  /** Where the issuer publishes its JWK set. From configuration, never from a token. */
  url: string;
  algorithms?: readonly SigningAlgorithm[];
  clock?: Clock;
  fetch?: typeof globalThis.fetch;
  /** Told about every failed load; the keys that were there stay. */
  onLoadFailed?: (error: unknown) => void;
}>;

/** Between two loads that nobody asked for. */
const renewEveryMs = 10 * 60_000;
/** After a load that failed. */
const retryAfterMs = 5000;

/** Least time between two loads, however many tokens ask (RFC 7517 leaves it open; unknown `kid`s are free to invent). */
const cooldownMs = 30_000;
const loadWithinMs = 2000;
const maxSetBytes = 64 * 1024;
/** Keys that could not be renewed serve this long. */
const usableForMs = 24 * 60 * 60 * 1000;

export type RemoteKeys = VerificationKeys &
  Readonly<{
    /** Loads now, whatever the cooldown says: when the feed names a key, or the authority is back. */
    refreshNow: () => Promise<void>;
    close: () => void;
  }>;

/**
 * The issuer's keys over HTTP, kept in memory: loaded at once, and again every ten minutes, or every five seconds while that
 * fails. Redirects are refused; an oversize, empty or hostile answer never replaces keys that were good.
 */
export function remoteKeys(options: RemoteKeysOptions): RemoteKeys {
  const clock = options.clock ?? systemClock;
  let keys: ReadonlyMap<string, VerificationKey> = new Map();
  let triedAtMs = -Infinity;
  let loadedAtMs = -Infinity;
  let loading: Promise<void> | undefined;
  let renewal: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  function renewAfter(milliseconds: number): void {
    clearTimeout(renewal);
    if (!closed) renewal = setTimeout(() => void refreshNow(), milliseconds);
  }

  async function load(): Promise<void> {
    triedAtMs = clock.monotonicMs();
    try {
      keys = await readKeySet(await fetchJson(options.url, options.fetch ?? fetch), options.algorithms ?? ['ES256']);
      loadedAtMs = clock.monotonicMs();
      renewAfter(renewEveryMs);
    } catch (error) {
      options.onLoadFailed?.(error);
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
    usable: () => clock.monotonicMs() - loadedAtMs <= usableForMs,
    refreshNow,
    refresh: async () => {
      if (loading !== undefined || clock.monotonicMs() - triedAtMs >= cooldownMs) await refreshNow();
    },
    close: () => {
      closed = true;
      clearTimeout(renewal);
    },
  };
}

async function fetchJson(url: string, fetchFrom: typeof globalThis.fetch): Promise<unknown> {
  const response = await fetchFrom(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(loadWithinMs),
  });
  if (!response.ok || response.body === null) throw new Error(`key set answered ${response.status}`);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let size = 0;
  const body: AsyncIterable<Uint8Array> = response.body;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxSetBytes) throw new Error(`key set is over ${maxSetBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return JSON.parse(text + decoder.decode());
}
