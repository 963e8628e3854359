import type { AcrTable } from './acr-table.ts';
import type { ClientCredentials } from './client-authentication.ts';
import { assertDistinct } from './trusted-issuer.ts';
import type { SigningAlgorithm } from './verification-keys.ts';

/** Somebody else's issuer, as configuration names it. All URLs are https, or http on this machine. */
export type ForeignIssuer = Readonly<{
  /** `iss`, compared exactly. */
  issuer: string;
  /** How its users are told from others': a small letter, then up to 31 of `a-z 0-9 -`. Part of what is stored: keep it. */
  name: string;
  /** What its tokens for this service say in `aud`. */
  audience: string;
  /** Whether `aud` may be a list with ours among up to 16. Default false. */
  audienceLists?: boolean | undefined;
  /** What its `acr` values mean here. Without an entry, nobody of this issuer ever has a second factor. */
  acr?: AcrTable | undefined;
  /** Its JWTs (RFC 9068), when it makes any. */
  signedTokens?: SignedTokens | undefined;
  /** Its introspection endpoint (RFC 7662), when it has one. */
  introspection?: IntrospectionEndpoint | undefined;
}>;

type SignedTokens = Readonly<{
  /** `jwks_uri` of its metadata. */
  keySetUrl: string;
  /** Default ES256. */
  algorithms?: readonly SigningAlgorithm[] | undefined;
  /** Greatest `exp − iat`, in seconds. Default 600. */
  maxLifetimeSeconds?: number | undefined;
  /** How long after `iat` reads believe a token that nobody can tell us was revoked: 0 to 600 s. */
  believeForSeconds: number;
}>;

type IntrospectionEndpoint = ClientCredentials &
  Readonly<{
    url: string;
    /** Which of its tokens it tells about. Many issuers answer about opaque ones only, and call every JWT inactive. */
    answersFor: readonly ('opaque' | 'signed')[];
  }>;

/**
 * The check of `foreignIssuer` and `openGates` for a whole list, without opening anything: for whoever reads a
 * configuration.
 *
 * @throws in one sentence that holds no secret
 */
export function assertForeignIssuers(issuers: readonly ForeignIssuer[]): void {
  for (const issuer of issuers) assertSound(issuer);
  assertDistinct(
    issuers.map(({ issuer, name, introspection }) => ({
      issuer,
      name,
      opaque: introspection?.answersFor.includes('opaque'),
    })),
  );
}

/** @throws in one sentence when a foreign issuer's configuration cannot work, or should not. Opens nothing. */
export function assertSound({ issuer, signedTokens, introspection }: ForeignIssuer): void {
  // RFC 8414 §2.
  if (/[?#]/.test(issuer)) throw new Error(`the issuer ${issuer} has a query or a fragment`);
  assertSecure(`the issuer ${issuer}`, issuer);
  if (signedTokens === undefined && introspection === undefined) {
    throw new Error(`of ${issuer} neither signed tokens nor an introspection endpoint is known`);
  }
  if (signedTokens !== undefined) assertSecure(`the key set of ${issuer}`, signedTokens.keySetUrl);
  if (introspection !== undefined) assertSecure(`the introspection endpoint of ${issuer}`, introspection.url);
  const answersFor = introspection?.answersFor ?? [];
  if (introspection !== undefined && answersFor.length === 0) {
    throw new Error(`the introspection endpoint of ${issuer} answers for no tokens: name opaque, signed or both`);
  }
  if (answersFor.includes('signed') && signedTokens === undefined) {
    throw new Error(`${issuer} is to be asked about signed tokens, but where its keys are is not said`);
  }
  if (signedTokens?.believeForSeconds === 0 && !answersFor.includes('signed')) {
    throw new Error(
      `signed tokens of ${issuer} would be refused everywhere: believe them for a while, or ask about them`,
    );
  }
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function assertSecure(what: string, text: string): void {
  const url = URL.parse(text);
  if (url === null) throw new Error(`${what} is no URL`);
  if (url.username !== '' || url.password !== '') throw new Error(`${what} has a user or password in its URL`);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback.test(url.hostname))) return;
  throw new Error(`${what} must be https, or http on this machine`);
}
