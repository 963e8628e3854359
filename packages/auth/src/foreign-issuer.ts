import { cachingVerifier } from './caching-verifier.ts';
import { systemClock, type Clock } from './clock.ts';
import { endpointVerifier, opaqueTokenVerifier } from './endpoint-verifiers.ts';
import { assertSound, type ForeignIssuer } from './foreign-issuer-configuration.ts';
import { localVerifier } from './local-verifier.ts';
import { remoteKeys } from './remote-keys.ts';
import { tokenIntrospection } from './token-introspection.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/** Clock, transport, and who hears of what went wrong, each with the issuer it went wrong with. */
export type ForeignIssuerParts = Readonly<{
  clock?: Clock;
  fetch?: typeof globalThis.fetch;
  /** Told about every failed load of its keys. */
  onKeysNotLoaded?: (issuer: string, error: unknown) => void;
  /** Told why it gave no answer. The caller hears 503. */
  onUnreachable?: (issuer: string, error: unknown) => void;
}>;

/**
 * Trusts somebody else's issuer by configuration alone: its JWTs at the local gate, by its own keys; its opaque tokens, and where
 * it answers for them its JWTs, at the fresh gate. It has no revocation feed: see `WithoutFeed`. Begins to load its keys at
 * once, and waits for nothing.
 *
 * Whoever holds its keys can be anybody of this issuer, with any scope, and nobody of another. Not read: roles, profile data, and
 * every other claim.
 *
 * @throws in one sentence when the configuration cannot work
 */
export function foreignIssuer(foreign: ForeignIssuer, parts: ForeignIssuerParts = {}): TrustedIssuer {
  assertSound(foreign);
  const { issuer, name, audience, audienceLists = false, acr = {}, signedTokens, introspection } = foreign;
  const { clock = systemClock, fetch: fetchFrom = fetch } = parts;
  const reports = { clock, onUnreachable: (error: unknown) => parts.onUnreachable?.(issuer, error) };
  const expected = { issuer, audience, audienceLists, acr };
  const introspect =
    introspection &&
    tokenIntrospection({ ...expected, url: introspection.url, credentials: introspection, clock, fetch: fetchFrom });
  const opaque =
    introspect && introspection.answersFor.includes('opaque') ? opaqueTokenVerifier(introspect, reports) : undefined;
  const revocations = { feed: 'none', believeForSeconds: signedTokens?.believeForSeconds ?? 0 } as const;
  const trusted = { issuer, name, revocations, ...(opaque && { opaque }) };
  if (signedTokens === undefined) return trusted;

  const keys = remoteKeys({
    url: signedTokens.keySetUrl,
    ...(signedTokens.algorithms && { algorithms: signedTokens.algorithms }),
    clock,
    fetch: fetchFrom,
    onLoadFailed: (error) => parts.onKeysNotLoaded?.(issuer, error),
  });
  const { maxLifetimeSeconds = 600 } = signedTokens;
  const verifier = localVerifier({
    ...expected,
    keys,
    clock,
    maxLifetimeSeconds,
    sessionClaims: 'optional',
    roles: 'ignored',
  });
  const local = cachingVerifier(verifier, { clock, epoch: () => keys.epoch() });
  const fresh =
    introspect && introspection.answersFor.includes('signed')
      ? endpointVerifier(local, introspect, reports)
      : undefined;
  return { ...trusted, local, ...(fresh && { fresh }), close: keys.close };
}
