import type { Log } from '@sallyport/service';
import { importJWK } from 'jose';
import * as oidc from 'openid-client';
import type { Now } from '../moments.ts';
import { isOnThisMachine, type ClientKey, type IdentityProvider } from './identity-provider.ts';
import { outboundFetch } from './outbound-fetch.ts';
import { openUpstreamTokens, type UpstreamTokens } from './upstream-tokens.ts';

export type Provider = Readonly<{
  settings: IdentityProvider;
  /** Ours, one for each provider: an answer of one is never taken for another's (RFC 9700 §4.4.2). */
  redirectUri: string;
  /** Us as its client, with its metadata, which is asked for when it is first needed. Rejects while there is none. */
  client: () => Promise<oidc.Configuration>;
  /** Its tokens, where they are exchanged for ours. */
  tokens: UpstreamTokens | undefined;
}>;

/** By name. */
export type Providers = ReadonlyMap<string, Provider>;

export type ProviderParts = Readonly<{
  /** Our own address. */
  issuer: string;
  log: Log;
  now: Now;
  /** By provider, for tests. Default: the guarded one, within the provider's network. */
  fetchFor?: (provider: IdentityProvider) => typeof fetch;
}>;

/** Asks nobody, but for the keys of those whose tokens are exchanged: a provider that is down keeps no authority from starting. */
export function openProviders(providers: readonly IdentityProvider[], parts: ProviderParts): Providers {
  return new Map(providers.map((settings) => [settings.name, openProvider(settings, parts)]));
}

export function closeProviders(providers: Providers): void {
  for (const { tokens } of providers.values()) tokens?.close();
}

function openProvider(
  settings: IdentityProvider,
  { issuer, log, now, fetchFor = guardedFetch }: ProviderParts,
): Provider {
  const { name, exchange } = settings;
  const fetchFrom = fetchFor(settings);
  const clock = { epochSeconds: () => Math.floor(now() / 1000), monotonicMs: () => performance.now() };
  const note = (message: string) => (err: unknown) => log.warn({ provider: name, err }, message);
  return {
    settings,
    redirectUri: `${issuer.replace(/\/$/, '')}${providerPaths(name).callback}`,
    client: keepFresh(() => discover(settings, fetchFrom), note('no metadata of an identity provider')),
    tokens:
      exchange &&
      openUpstreamTokens(settings, exchange, {
        clock,
        fetch: fetchFrom,
        onFailure: note('nobody can tell about tokens of an identity provider'),
      }),
  };
}

export function providerPaths(name: string) {
  return { begin: `/providers/${name}/begin`, callback: `/providers/${name}/callback` } as const;
}

/** Its servers may be where it says it is: on this machine, if that is where its issuer is, and then nowhere else. */
function guardedFetch({ issuer, network }: IdentityProvider): typeof fetch {
  return outboundFetch({ reach: isOnThisMachine(issuer) ? 'this machine' : network });
}

const answerWithinSeconds = 5;

/**
 * OpenID Connect Discovery §4, by `openid-client`: which checks that the metadata is about this issuer, follows no redirect, and from
 * then on checks state, `iss` (RFC 9207), nonce, and the ID token's signature, issuer, audience, times and `auth_time`.
 */
async function discover(settings: IdentityProvider, fetchFrom: typeof fetch): Promise<oidc.Configuration> {
  const { issuer, clientId, idTokenAlgorithm } = settings;
  const metadata = { id_token_signed_response_alg: idTokenAlgorithm, [oidc.clockTolerance]: 10 };
  const configuration = await oidc.discovery(new URL(issuer), clientId, metadata, await authentication(settings), {
    // ID tokens come over TLS, from the token endpoint. Their signatures are checked all the same.
    // oxlint-disable-next-line typescript/no-deprecated -- marked so to stand out: http, for an issuer on this machine alone
    execute: [oidc.enableNonRepudiationChecks, ...(isOnThisMachine(issuer) ? [oidc.allowInsecureRequests] : [])],
    [oidc.customFetch]: (url, { body, signal, ...options }) =>
      fetchFrom(url, { ...options, body: body ?? null, signal: signal ?? null }),
    timeout: answerWithinSeconds,
  });
  if (configuration.serverMetadata().issuer !== issuer) throw new Error('the metadata is about another issuer');
  return configuration;
}

async function authentication({ clientSecret, clientKey }: IdentityProvider): Promise<oidc.ClientAuth> {
  if (clientKey === undefined) return oidc.ClientSecretBasic(clientSecret);
  const key = await importPrivateKey(clientKey);
  return oidc.PrivateKeyJwt(clientKey.kid === undefined ? key : { key, kid: clientKey.kid });
}

async function importPrivateKey(clientKey: ClientKey): Promise<CryptoKey> {
  const key = await importJWK(clientKey, clientKey.alg);
  if (key instanceof Uint8Array) throw new TypeError('a symmetric key is no client key');
  return key;
}

/** Metadata changes seldom; keys are asked for again by `openid-client` whenever one is missing. */
const freshForMs = 60 * 60_000;
const retryAfterMs = 5000;

/** One question at a time; a failure is believed for some seconds, so that a crowd at the door does not become one at the provider's. */
function keepFresh<Value>(ask: () => Promise<Value>, onFailure: (error: unknown) => void): () => Promise<Value> {
  let held: Promise<Value> | undefined;
  let until = -Infinity;
  return () => {
    if (held !== undefined && performance.now() < until) return held;
    const asked = ask();
    held = asked;
    until = performance.now() + freshForMs;
    asked.catch((error: unknown) => {
      until = performance.now() + retryAfterMs;
      onFailure(error);
    });
    return asked;
  };
}
