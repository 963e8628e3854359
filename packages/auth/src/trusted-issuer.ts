import type { BackgroundConfirmation } from './background-confirmation.ts';
import { decodeBase64url } from './base64url.ts';
import { claimsPart, type BearerToken } from './bearer-token.ts';
import { returningTexts } from './returning-texts.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import { rememberForMs } from './revocations.ts';
import { parseStrictObject } from './strict-json.ts';
import type { OpaqueTokenVerifier, TokenVerifier } from './token-verifier.ts';

/**
 * An issuer that has no revocation feed. Nothing tells us in time that it took a token back, so reads believe a signed
 * token for this long after its `iat` and no longer, on `degraded` evidence; every stricter tier asks.
 */
export type WithoutFeed = Readonly<{
  feed: 'none';
  /** 0 to 600 s; 0: reads ask as well. Rests on our clock and the issuer's agreeing. */
  believeForSeconds: number;
}>;

/**
 * One issuer whose tokens a service believes, with keys, algorithms and audience of its own: they are in its verifiers.
 * What is revoked is revoked for this issuer only.
 */
export type TrustedIssuer = Readonly<{
  /** `iss`, compared exactly. */
  issuer: string;
  /** How its users are told from others': a small letter, then up to 31 of `a-z 0-9 -`. The house's own issuer has none. */
  name?: string;
  /** The local gate for its signed tokens. Without it they are refused. */
  local?: TokenVerifier;
  /** The fresh gate for its signed tokens. Without it, whatever needs a fresh answer is refused with 403. */
  fresh?: TokenVerifier;
  /** For its opaque tokens, which always come to the fresh gate. At most one issuer of a service has them. */
  opaque?: OpaqueTokenVerifier;
  revocations: Pick<RevocationFeed, 'silenceMs' | 'isRevoked' | 'learn' | 'position'> | WithoutFeed;
  /** Looks again at a share of what its local gate let in. */
  confirmation?: BackgroundConfirmation;
  /** Ends what it keeps open, such as the renewal of keys. */
  close?: () => void;
}>;

const nameGrammar = /^[a-z][a-z0-9-]{0,31}$/;
const maxBeliefSeconds = 600;

/** @throws when the issuers cannot be told apart, or one could be believed longer than its revocations are remembered. */
export function assertIssuersFit(issuers: readonly TrustedIssuer[]): void {
  if (issuers.length === 0) throw new Error('no issuer is trusted: nobody could ever get in');
  assertDistinct(issuers.map(({ issuer, name, opaque }) => ({ issuer, name, opaque: opaque !== undefined })));
  for (const issuer of issuers) assertIssuerHolds(issuer);
}

type Named = Readonly<{ issuer: string; name: string | undefined; opaque: boolean | undefined }>;

/** @throws when two issuers could be taken for each other */
export function assertDistinct(issuers: readonly Named[]): void {
  for (const { issuer, name } of issuers) {
    if (name !== undefined && !nameGrammar.test(name)) {
      throw new Error(`the issuer ${issuer} is called "${name}": use a small letter, then up to 31 of a-z, 0-9 and -`);
    }
    if (issuers.filter((other) => other.issuer === issuer).length > 1) {
      throw new Error(`the issuer ${issuer} is there twice`);
    }
    if (issuers.filter((other) => other.name === name).length > 1) {
      throw new Error(
        name === undefined
          ? 'two issuers have no name: only the house may go without, so that its users keep their ids'
          : `two issuers are called "${name}": their users could not be told apart`,
      );
    }
  }
  if (issuers.filter(({ opaque }) => opaque).length > 1) {
    throw new Error('two issuers have opaque tokens: nobody could tell whom to ask');
  }
}

function assertIssuerHolds({ issuer, local, opaque, revocations }: TrustedIssuer): void {
  if (local === undefined && opaque === undefined)
    throw new Error(`the issuer ${issuer} has no verifier for any token`);
  if ('feed' in revocations) {
    const { believeForSeconds } = revocations;
    if (Number.isInteger(believeForSeconds) && believeForSeconds >= 0 && believeForSeconds <= maxBeliefSeconds) return;
    throw new Error(`the issuer ${issuer} has no feed: believe its tokens for 0 to ${maxBeliefSeconds} whole seconds`);
  }
  const lifetimeSeconds = local?.maxLifetimeSeconds ?? 0;
  if (lifetimeSeconds * 1000 > rememberForMs) {
    throw new Error(
      `tokens of ${issuer} may live for ${lifetimeSeconds} s, but revocations are remembered for ${rememberForMs / 1000} s`,
    );
  }
}

/**
 * Finds the issuer that a token says it is from. Nobody has checked that yet: the answer picks who checks, and nothing else.
 * A single issuer is picked unread; its own verifier compares `iss` after the signature, as every one does.
 */
export function chooseIssuer<Issuer extends Readonly<{ issuer: string }>>(
  issuers: readonly Issuer[],
): (token: BearerToken) => Issuer | undefined {
  const [only, second] = issuers;
  if (second === undefined) return () => only;
  const byName = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  // A token's text says the same each time.
  const chosen = returningTexts<Issuer>(chosenBounds);
  return (token) => {
    const known = chosen.get(token);
    if (known !== undefined) return known;
    const claims = parseStrictObject(decodeBase64url(claimsPart(token)));
    const iss = claims?.['iss'];
    const issuer = typeof iss === 'string' ? byName.get(iss) : undefined;
    if (issuer !== undefined) chosen.set(token, issuer);
    return issuer;
  };
}

/** Together at most 10 MB of text. */
const chosenBounds = { maxTexts: 10_000, maxLength: 1024 };
