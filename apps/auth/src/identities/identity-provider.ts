import type { AuthenticationClass, SigningAlgorithm } from '@sallyport/auth';
import type { JWK } from 'jose';

/** An OpenID provider that people may sign in with, as configuration names it. */
export type IdentityProvider = Readonly<{
  /** In addresses and logs: a small letter, then up to 31 of `a-z 0-9 -`. */
  name: string;
  /** `iss`, compared exactly; its metadata is below it (OpenID Connect Discovery §4). */
  issuer: string;
  /** Who we are there, and how we prove it: `client_secret_basic`, or `private_key_jwt`. */
  clientId: string;
  clientSecret?: string | undefined;
  clientKey?: ClientKey | undefined;
  /** Space-separated; has `openid` in it. */
  scope: string;
  /** What its ID tokens are signed with. */
  idTokenAlgorithm: SigningAlgorithm;
  /** Where its servers may be: anywhere public, or also in private networks. An issuer on this machine may be only there. */
  network: 'public' | 'private';
  /** Whether somebody whom no account is linked to gets a new one. Otherwise only linked people come in. */
  newAccounts: boolean;
  /** What its `acr` and `amr` mean here, first match first. Whatever no row matches is one factor. */
  assurance: readonly AssuranceRow[];
  /**
   * `required`: it tells when the person proved who they are, and is asked for at most this age. `assumed`: it never tells, and
   * we count the moment that they come back; nobody has a second factor then.
   */
  authTime: 'required' | 'assumed';
  maxAgeSeconds: number;
  exchange?: ExchangeOfTokens | undefined;
}>;

/** A private JWK that names its `alg` and, where the provider knows several, its `kid`. */
export type ClientKey = JWK & Readonly<{ alg: string }>;

/** A row of the table: all that it names must be in the ID token. */
type AssuranceRow = Readonly<{
  acr?: string | undefined;
  /** Values that `amr` holds, among others. */
  amr?: readonly string[] | undefined;
  means: AuthenticationClass;
}>;

/** Which of a provider's tokens are exchanged for ours (RFC 8693), by whom, and into which scopes. */
export type ExchangeOfTokens = Readonly<{
  /** Clients of ours that may ask. */
  clients: readonly string[];
  /** Its `jwks_uri`. */
  keySetUrl: string;
  algorithms: readonly SigningAlgorithm[];
  accessTokens?: ExchangedAccessTokens | undefined;
  idTokens?: ExchangedIdTokens | undefined;
}>;

type ExchangedAccessTokens = Readonly<{
  /** What its tokens for us say in `aud`. */
  audience: string;
  /** Scopes of ours for each of its own. What is not listed is worth nothing. */
  scopes: Readonly<Record<string, readonly string[]>>;
  maxLifetimeSeconds: number;
  /** How long after `iat` a JWT is taken that nobody can tell us was revoked. With `introspection` it is asked about instead. */
  believeForSeconds: number;
  introspection?: Readonly<{ url: string; answersFor: readonly ('opaque' | 'signed')[] }> | undefined;
}>;

type ExchangedIdTokens = Readonly<{
  /** Clients of the provider whose ID tokens are taken. */
  audiences: readonly string[];
  /** How long after `iat`. */
  believeForSeconds: number;
  /** An ID token has no scope of its own. */
  scopes: readonly string[];
}>;

/** Why a list of providers cannot work, or should not, in one sentence without a secret; `undefined` when it can. Pure. */
export function refuseProviders(providers: readonly IdentityProvider[]): string | undefined {
  for (const [index, provider] of providers.entries()) {
    const reason = refuseProvider(provider);
    if (reason !== undefined) return `provider ${provider.name}: ${reason}`;
    const earlier = providers.slice(0, index);
    if (earlier.some(({ name }) => name === provider.name)) return `two providers are called ${provider.name}`;
    // One client at one issuer: which of two tables would hold for its people?
    if (earlier.some(({ issuer }) => issuer === provider.issuer)) return `the issuer ${provider.issuer} is there twice`;
  }
  if (providers.filter(isAskedAboutOpaqueTokens).length > 1) {
    return 'two providers have opaque tokens to exchange: nobody could tell whom to ask';
  }
  return undefined;
}

function refuseProvider(provider: IdentityProvider): string | undefined {
  const { issuer, clientSecret, clientKey, scope, assurance, authTime, exchange } = provider;
  if (/[?#]/.test(issuer)) return 'its issuer has a query or a fragment';
  if (refuseAddress(issuer) !== undefined) return `its issuer ${refuseAddress(issuer)}`;
  if ((clientSecret === undefined) === (clientKey === undefined)) return 'name either clientSecret or clientKey';
  if (!scope.split(' ').includes('openid')) return 'its scope has no openid';
  if (assurance.some(({ acr, amr }) => acr === undefined && (amr === undefined || amr.length === 0))) {
    return 'a row of its assurance names neither acr nor amr, so it would match everybody';
  }
  if (authTime === 'assumed' && assurance.some(({ means }) => means === 'aal2')) {
    return 'without its word for the time nobody can say how old a second factor is: require authTime, or take aal2 out';
  }
  return exchange && refuseExchange(exchange);
}

function refuseExchange({ keySetUrl, accessTokens, idTokens }: ExchangeOfTokens): string | undefined {
  if (refuseAddress(keySetUrl) !== undefined) return `its key set ${refuseAddress(keySetUrl)}`;
  if (accessTokens === undefined && idTokens === undefined)
    return 'its exchange names neither accessTokens nor idTokens';
  const { introspection } = accessTokens ?? {};
  if (introspection === undefined) return undefined;
  const reason = refuseAddress(introspection.url);
  return reason && `its introspection endpoint ${reason}`;
}

function isAskedAboutOpaqueTokens({ exchange }: IdentityProvider): boolean {
  return exchange?.accessTokens?.introspection?.answersFor.includes('opaque') ?? false;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function isOnThisMachine(address: string): boolean {
  return loopback.test(URL.parse(address)?.hostname ?? '');
}

function refuseAddress(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return 'is no URL';
  if (url.username !== '' || url.password !== '') return 'has a user or password in its URL';
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isOnThisMachine(text))) return undefined;
  return 'must be https, or http on this machine';
}
