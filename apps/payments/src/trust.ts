import {
  backgroundConfirmation,
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
  type TrustTier,
} from '@sallyport/auth';
import { AuthorityRefused } from '@sallyport/client/service';
import {
  breakerLog,
  confirmationLog,
  decisionLog,
  demotionLog,
  issuerReports,
  meteredAuthority,
  noTelemetry,
  type Log,
  type Telemetry,
} from '@sallyport/service';

export type TrustParts = Readonly<{
  issuer: string;
  keys: RemoteKeys;
  ask: AskAuthority;
  feed: FeedSource;
  log: Log;
  /** Default: nothing is counted. */
  telemetry?: Telemetry | undefined;
  /** Other issuers whose tokens are believed here. Default: none. */
  foreignIssuers?: readonly ForeignIssuer[];
  /** Share of the local decisions that the authority is asked about afterwards, 0 to 1. Default 0.01. */
  confirmShare?: number;
  /** Tiers at which no bearer token is taken. Default: none. */
  senderConstrainedTiers?: readonly TrustTier[];
}>;

type Trust = Readonly<{ gates: Gates; revocations: RevocationFeed }>;

/**
 * Stacks the verifiers. Payments lives behind the fresh gate: what the local gate checks, and then the authority is asked,
 * by many callers in one question. Nobody carries a user here: no transaction token is believed.
 */
export function openTrust(parts: TrustParts): Trust {
  const {
    issuer,
    keys,
    ask,
    feed,
    log,
    foreignIssuers = [],
    confirmShare = 0.01,
    senderConstrainedTiers = [],
    telemetry = noTelemetry,
  } = parts;
  const revocations = followRevocations(feed, {
    // The authority is back, or a key was denied: its keys may be others than before.
    onLiveness: (alive, error) => {
      log[alive ? 'info' : 'warn']({ alive, err: error }, 'revocation feed');
      if (!alive) return;
      void keys.refreshNow();
    },
    onRevocation: (told) => {
      if (told.kind === 'key') void keys.refreshNow();
      if (told.kind === 'restrictions') log.warn(told, 'restrictions');
    },
  });
  const local = cachingVerifier(localVerifier({ issuer, audience: 'payments', keys }), { epoch: keys.epoch });
  const guarded = guardedAuthority(ask, {
    // An authority that refuses this service is there.
    isOutage: (error) => !(error instanceof AuthorityRefused),
    onTransition: breakerLog(log, telemetry),
  });
  const authority = meteredAuthority(guarded, telemetry);
  const fresh = introspectingVerifier(local, coalescingAuthority(authority), {
    onUnreachable: (error) => log.warn({ err: error }, 'authority unreachable'),
  });
  const confirmation = backgroundConfirmation({
    ask: authority,
    revocations,
    share: confirmShare,
    ...confirmationLog(log, telemetry),
  });
  const others = foreignIssuers.map((foreign) => foreignIssuer(foreign, issuerReports(log)));
  const issuers = [{ issuer, local, fresh, revocations, confirmation }, ...others];
  const reports = { onDecision: decisionLog(log, telemetry), onDemotion: demotionLog(log, telemetry) };
  return {
    gates: openGates({ issuers, senderConstrainedTiers, restrictions: revocations.restrictions, ...reports }),
    revocations,
  };
}
