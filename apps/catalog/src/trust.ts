import {
  cachingVerifier,
  coalescingAuthority,
  followRevocations,
  foreignIssuer,
  guardedAuthority,
  introspectingVerifier,
  localVerifier,
  openGates,
  transactionVerifier,
  type AskAuthority,
  type FeedSource,
  type ForeignIssuer,
  type Gates,
  type PolicyFeed,
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
  policy: Pick<PolicyFeed, 'announced' | 'reload'>;
  log: Log;
  /** Other issuers whose tokens are believed here. Default: none. */
  foreignIssuers?: readonly ForeignIssuer[];
}>;

/**
 * Stacks the verifiers. Catalog lives behind the local gate: a signature, remembered for 5 s, held against the feed. The
 * fresh gate is there for what cannot be taken back. Payments asks here in its buyers' names: transaction tokens are believed.
 */
export function openTrust({ issuer, keys, ask, feed, policy, log, foreignIssuers = [] }: TrustParts): {
  gates: Gates;
  revocations: RevocationFeed;
} {
  const revocations = followRevocations(feed, {
    // The authority is back, or a key was denied: its keys, and its rules, may be others than before.
    onLiveness: (alive, error) => {
      log[alive ? 'info' : 'warn']({ alive, err: error }, 'revocation feed');
      if (!alive) return;
      void keys.refreshNow();
      policy.reload();
    },
    onRevocation: (told) => {
      if (told.kind === 'key') void keys.refreshNow();
      if (told.kind === 'policy') policy.announced(told.version);
    },
  });
  const local = cachingVerifier(localVerifier({ issuer, audience: 'catalog', keys }), { epoch: keys.epoch });
  const guarded = guardedAuthority(ask, {
    // An authority that refuses this service is there.
    isOutage: (error) => !(error instanceof AuthorityRefused),
    onTransition: breakerLog(log),
  });
  const fresh = introspectingVerifier(local, coalescingAuthority(guarded), {
    onUnreachable: (error) => log.warn({ err: error }, 'authority unreachable'),
  });
  const transactions = transactionVerifier({ issuer, trustDomain: 'sallyport', keys });
  const others = foreignIssuers.map((foreign) => foreignIssuer(foreign, issuerReports(log)));
  const issuers = [{ issuer, local, fresh, revocations }, ...others];
  return { gates: openGates({ issuers, transactions, onDecision: decisionLog(log) }), revocations };
}
