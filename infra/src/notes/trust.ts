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

/** The gates of this service: the one place that says whom it believes, and why. Other issuers would stand beside the first. */
export function openTrust({ issuer, keys, ask, feed, onDecision }: TrustParts): { gates: Gates; close: () => void } {
  const revocations = followRevocations(feed);
  const local = cachingVerifier(localVerifier({ issuer, audience: 'notes', keys }), { epoch: keys.epoch });
  const fresh = introspectingVerifier(local, coalescingAuthority(ask));
  return {
    gates: openGates({ issuers: [{ issuer, local, fresh, revocations }], onDecision }),
    close: revocations.close,
  };
}
