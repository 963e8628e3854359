import {
  foreignIssuer,
  openSignedToken,
  readAuthorization,
  remoteKeys,
  type BearerToken,
  type Clock,
  type VerifiedToken,
  type Verification,
} from '@sallyport/auth';
import { decodeJwt } from 'jose';
import * as z from 'zod';
import { nameGrammar, type Identity } from './accounts-of-identities.ts';
import { readAssurance } from './assurance.ts';
import type { ExchangeOfTokens, IdentityProvider } from './identity-provider.ts';

/** Whom a provider's token speaks of, and what that is worth here. */
export type Resolved =
  | Readonly<{
      outcome: 'resolved';
      identity: Identity;
      /** Scopes of ours, by the provider's table. */
      scope: readonly string[];
      acr: string;
      authTime: Date;
      /** When the provider's token ends: nothing made from it lives longer. */
      endsAt: Date;
    }>
  | Readonly<{ outcome: 'refused'; reason: string }>
  /** Nobody could say: no keys, or no answer. Never a "no". */
  | Readonly<{ outcome: 'unknown' }>;

type TokenKind = 'access token' | 'ID token';

export type UpstreamTokens = Readonly<{
  /** Clients of ours that may exchange its tokens. */
  clients: readonly string[];
  resolve: (text: string, kind: TokenKind) => Promise<Resolved>;
  close: () => void;
}>;

type Parts = Readonly<{
  clock: Clock;
  fetch: typeof fetch;
  onFailure: (error: unknown) => void;
}>;

/** Reads the tokens of one provider, as its configuration says. Begins to load its keys at once, and waits for nothing. */
export function openUpstreamTokens(
  provider: IdentityProvider,
  exchange: ExchangeOfTokens,
  parts: Parts,
): UpstreamTokens {
  const accessTokens = openAccessTokens(provider, exchange, parts);
  const idTokens = openIdTokens(provider, exchange, parts);
  return {
    clients: exchange.clients,
    resolve: async (text, kind) => (kind === 'ID token' ? idTokens.resolve(text) : accessTokens.resolve(text)),
    close: () => {
      accessTokens.close();
      idTokens.close();
    },
  };
}

/** The issuer that a token says it is from. Nobody has checked that: it picks who checks, and nothing else. */
export function unverifiedIssuer(text: string): string | undefined {
  try {
    return decodeJwt(text).iss;
  } catch {
    return undefined;
  }
}

/** Who may act with a JWT, by its own word (RFC 8693 §4.4). To be asked about one that somebody has checked. */
export function namedActor(text: string): unknown {
  try {
    return decodeJwt(text)['may_act'];
  } catch {
    return undefined;
  }
}

type Reader = Readonly<{ resolve: (text: string) => Promise<Resolved>; close: () => void }>;

const nothing: Reader = { resolve: async () => refused('this kind of token is not exchanged'), close: () => {} };

/**
 * Access tokens (RFC 9068, or opaque), by the same verifiers as a service has for a foreign issuer: signature, `typ`, issuer, audience,
 * times, and where there is an introspection endpoint its answer. A client's own, and one bound to a key that nobody shows here, are
 * refused.
 */
function openAccessTokens(provider: IdentityProvider, exchange: ExchangeOfTokens, parts: Parts): Reader {
  const { accessTokens, keySetUrl, algorithms } = exchange;
  if (accessTokens === undefined) return nothing;
  const { audience, scopes, maxLifetimeSeconds, believeForSeconds, introspection } = accessTokens;
  const { issuer, name, clientId, clientSecret, clientKey } = provider;
  const acr = Object.fromEntries(
    provider.assurance.flatMap((row) =>
      row.acr === undefined || (row.amr ?? []).length > 0 ? [] : [[row.acr, row.means] as const],
    ),
  );
  const credentials =
    clientKey === undefined ? { clientId, clientSecret: clientSecret ?? '' } : { clientId, clientKey };
  const trusted = foreignIssuer(
    {
      issuer,
      name,
      audience,
      acr,
      signedTokens: { keySetUrl, algorithms, maxLifetimeSeconds, believeForSeconds },
      introspection: introspection && { ...introspection, ...credentials },
    },
    {
      clock: parts.clock,
      fetch: parts.fetch,
      onKeysNotLoaded: (_, error) => parts.onFailure(error),
      onUnreachable: (_, error) => parts.onFailure(error),
    },
  );

  async function verify(text: string): Promise<Verification | undefined> {
    const read = readAuthorization([`Bearer ${text}`]);
    if (read.kind === 'opaque') return trusted.opaque?.verify(read.token);
    if (read.kind !== 'token') return undefined;
    if (trusted.fresh !== undefined) return trusted.fresh.verify(read.token);
    const verification = await trusted.local?.verify(read.token);
    if (verification?.outcome !== 'verified') return verification;
    const age = parts.clock.epochSeconds() - verification.token.issuedAt;
    return age <= believeForSeconds ? verification : { outcome: 'refused', reason: 'token_expired' };
  }

  return {
    resolve: async (text) => {
      const verification = await verify(text);
      if (verification === undefined) return refused('no token that anybody could tell about');
      if (verification.outcome === 'unknown') return verification;
      if (verification.outcome === 'refused') return verification;
      return readVerified(provider, { ...verification.token, ...verification.session }, { scopes, clock: parts.clock });
    },
    close: () => trusted.close?.(),
  };
}

type Reading = Readonly<{ scopes: Readonly<Record<string, readonly string[]>>; clock: Clock }>;

function readVerified(provider: IdentityProvider, token: VerifiedToken, { scopes, clock }: Reading): Resolved {
  const { kind, issuer, subject, acr = 'aal1', authTime, issuedAt, expiresAt, confirmation } = token;
  if (kind !== 'user') return refused('the token is a client’s own');
  if (confirmation !== undefined) return refused('the token is bound to a key');
  const said = { auth_time: authTime };
  const assurance = readAssurance({ ...provider, assurance: [] }, said, clock.epochSeconds() * 1000);
  if (assurance.outcome === 'refused') return assurance;
  return {
    outcome: 'resolved',
    identity: { issuer, externalSubject: subject },
    scope: [...token.scope].flatMap((one) => (Object.hasOwn(scopes, one) ? (scopes[one] ?? []) : [])),
    acr,
    // Whoever never tells is taken to have asked when the token was made, and not just now.
    authTime: provider.authTime === 'assumed' ? new Date(issuedAt * 1000) : assurance.authTime,
    endsAt: new Date(expiresAt * 1000),
  };
}

const printable = z.string().regex(nameGrammar);

/** What other JWTs of the same issuer have, and an ID token has not: it is told by its form, where its `typ` says nothing (RFC 8725 §3.12). */
const absent = z.undefined().optional();

const idTokenClaims = z.object({
  iss: z.string(),
  sub: printable,
  aud: z.union([printable.transform((one) => [one]), z.tuple([printable])]),
  azp: z.string().optional(),
  exp: z.int().positive(),
  iat: z.int().positive(),
  auth_time: z.unknown().optional(),
  acr: z.unknown().optional(),
  amr: z.unknown().optional(),
  scope: absent,
  client_id: absent,
  token_use: absent,
  events: absent,
  cnf: absent,
});

/** Seconds that a provider's clock may be ahead. */
const clockSkewSeconds = 10;

/**
 * ID tokens (OpenID Connect Core §2): signature, issuer, times, and one audience, which is a client whose ID tokens are taken here. Not
 * checked: `nonce`, which is between that client and the provider, and whether the provider has ended the session since.
 */
function openIdTokens(provider: IdentityProvider, exchange: ExchangeOfTokens, parts: Parts): Reader {
  const { idTokens, keySetUrl: url, algorithms } = exchange;
  if (idTokens === undefined) return nothing;
  const { clock, fetch: fetchFrom, onFailure: onLoadFailed } = parts;
  const keys = remoteKeys({ url, algorithms, clock, fetch: fetchFrom, onLoadFailed });

  async function resolve(text: BearerToken): Promise<Resolved> {
    const signed = await openSignedToken(text, 'jwt', keys);
    if (signed.outcome === 'unknown') return { outcome: 'unknown' };
    if (signed.outcome === 'refused') return signed;
    const claims = idTokenClaims.safeParse(signed.claims).data;
    if (claims === undefined || claims.iss !== provider.issuer) return refused('no ID token of this provider');
    const {
      sub,
      aud: [audience = ''],
      azp = audience,
      exp,
      iat,
    } = claims;
    const now = clock.epochSeconds();
    if (!idTokens?.audiences.includes(audience) || azp !== audience)
      return refused('the ID token is for another client');
    if (exp <= now || iat > now + clockSkewSeconds || now - iat > idTokens.believeForSeconds) return refused('too old');
    const assurance = readAssurance(provider, claims, now * 1000);
    if (assurance.outcome === 'refused') return assurance;
    const { acr, authTime } = assurance;
    const identity = { issuer: provider.issuer, externalSubject: sub };
    const at = provider.authTime === 'assumed' ? new Date(iat * 1000) : authTime;
    return { outcome: 'resolved', identity, scope: idTokens.scopes, acr, authTime: at, endsAt: new Date(exp * 1000) };
  }

  return {
    resolve: async (text) => {
      const read = readAuthorization([`Bearer ${text}`]);
      return read.kind === 'token' ? resolve(read.token) : refused('no JWT');
    },
    close: keys.close,
  };
}

function refused(reason: string): Resolved {
  return { outcome: 'refused', reason };
}
