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
  type FeedSource,
  type ForeignIssuer,
  type Gates,
  type RemoteKeys,
  type RevocationFeed,
} from '@sallyport/auth';
import { AuthorityRefused } from '@sallyport/client/service';
import { breakerLog, decisionLog, issuerReports, type Log } from '@sallyport/service';

export type TrustParts = Readonly<{
  issuer: string;
  keys: RemoteKeys;
  ask: AskAuthority;
  feed: FeedSource;
  log: Log;
  /** Other issuers whose tokens are believed here. Default: none. */
  foreignIssuers?: readonly ForeignIssuer[];
}>;

/**
 * Stacks the verifiers. Payments lives behind the fresh gate: what the local gate checks, and then the authority is asked,
 * by many callers in one question. Nobody carries a user here: no transaction token is believed.
 */
export function openTrust({ issuer, keys, ask, feed, log, foreignIssuers = [] }: TrustParts): {
  gates: Gates;
  revocations: RevocationFeed;
} {
  const revocations = followRevocations(feed, {
    // The authority is back, or a key was denied: its keys may be others than before.
    onLiveness: (alive, error) => {
      log[alive ? 'info' : 'warn']({ alive, err: error }, 'revocation feed');
      if (alive) void keys.refreshNow();
    },
    onRevocation: ({ kind }) => kind === 'key' && void keys.refreshNow(),
  });
  const local = cachingVerifier(localVerifier({ issuer, audience: 'payments', keys }), { epoch: keys.epoch });
  const guarded = guardedAuthority(ask, {
    // An authority that refuses this service is there.
    isOutage: (error) => !(error instanceof AuthorityRefused),
    onTransition: breakerLog(log),
  });
  const fresh = introspectingVerifier(local, coalescingAuthority(guarded), {
    onUnreachable: (error) => log.warn({ err: error }, 'authority unreachable'),
  });
  const others = foreignIssuers.map((foreign) => foreignIssuer(foreign, issuerReports(log)));
  const issuers = [{ issuer, local, fresh, revocations }, ...others];
  return { gates: openGates({ issuers, onDecision: decisionLog(log) }), revocations };
}
