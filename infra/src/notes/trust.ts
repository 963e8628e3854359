import {
  cachingVerifier,
  coalescingAuthority,
  followRevocations,
  introspectingVerifier,
  localVerifier,
  openGates,
  type AskAuthority,
  type Decision,
  type FeedSource,
  type Gates,
  type VerificationKeys,
} from '@sallyport/auth';

export type TrustParts = Readonly<{
  issuer: string;
  keys: VerificationKeys;
  ask: AskAuthority;
  feed: FeedSource;
  onDecision: (decision: Decision) => void;
}>;

/** The gates of this service: the one place that says whom it believes, and why. */
export function openTrust({ issuer, keys, ask, feed, onDecision }: TrustParts): { gates: Gates; close: () => void } {
  const revocations = followRevocations(feed);
  const local = cachingVerifier(localVerifier({ issuer, audience: 'notes', keys }));
  const fresh = introspectingVerifier(local, coalescingAuthority(ask));
  return { gates: openGates({ local, fresh, revocations, onDecision }), close: revocations.close };
}
