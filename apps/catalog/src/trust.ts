import {
  cachingVerifier,
  coalescingAuthority,
  followRevocations,
  introspectingVerifier,
  localVerifier,
  openGates,
  transactionVerifier,
  type AskAuthority,
  type FeedSource,
  type Gates,
  type RemoteKeys,
  type RevocationFeed,
} from '@sallyport/auth';
import { decisionLog, type Log } from '@sallyport/service';

export type TrustParts = Readonly<{
  issuer: string;
  keys: RemoteKeys;
  ask: AskAuthority;
  feed: FeedSource;
  log: Log;
}>;

/**
 * Stacks the verifiers. Catalog lives behind the local gate: a signature, remembered for 5 s, held against the feed. The
 * fresh gate is there for what cannot be taken back. Payments asks here in its buyers' names: transaction tokens are believed.
 */
export function openTrust({ issuer, keys, ask, feed, log }: TrustParts): { gates: Gates; revocations: RevocationFeed } {
  const revocations = followRevocations(feed, {
    // The authority is back, or a key was denied: its keys may be others than before.
    onLiveness: (alive, error) => {
      log[alive ? 'info' : 'warn']({ alive, err: error }, 'revocation feed');
      if (alive) void keys.refreshNow();
    },
    onRevocation: ({ kind }) => kind === 'key' && void keys.refreshNow(),
  });
  const local = cachingVerifier(localVerifier({ issuer, audience: 'catalog', keys }));
  const fresh = introspectingVerifier(local, coalescingAuthority(ask), {
    onUnreachable: (error) => log.warn({ err: error }, 'authority unreachable'),
  });
  const transactions = transactionVerifier({ issuer, trustDomain: 'sallyport', keys });
  return { gates: openGates({ local, fresh, revocations, transactions, onDecision: decisionLog(log) }), revocations };
}
