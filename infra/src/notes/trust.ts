import {
  cachingVerifier,
  coalescingAuthority,
  followRevocations,
  foreignIssuer,
  guardedAuthority,
  introspectingVerifier,
  localVerifier,
  openGates,
  type AskAuthority,
  type Decision,
  type FeedSource,
  type ForeignIssuer,
  type VerificationKeys,
} from '@sallyport/auth';

export type TrustParts = Readonly<{
  issuer: string;
  keys: VerificationKeys;
  ask: AskAuthority;
  feed: FeedSource;
  /** Whose tokens are believed besides: configuration alone, no code. */
  others: readonly ForeignIssuer[];
  onDecision: (decision: Decision) => void;
}>;

/** The gates of this service: the one place that says whom it believes, and why. */
export function openTrust({ issuer, keys, ask, feed, others, onDecision }: TrustParts) {
  const revocations = followRevocations(feed);
  const local = cachingVerifier(localVerifier({ issuer, audience: 'notes', keys }), { epoch: keys.epoch });
  const fresh = introspectingVerifier(local, coalescingAuthority(guardedAuthority(ask)));
  const issuers = [{ issuer, local, fresh, revocations }, ...others.map((other) => foreignIssuer(other))];
  return { gates: openGates({ issuers, onDecision }), revocations };
}
