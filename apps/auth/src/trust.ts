import {
  cachingVerifier,
  coalescingAuthority,
  followRevocations,
  introspectingVerifier,
  localVerifier,
  openGates,
  type AskAuthority,
  type Clock,
  type GateOptions,
  type Gates,
  type RevocationFeed,
} from '@sallyport/auth';
import { decisionLog, demotionLog, meteredAuthority, noTelemetry, type Telemetry } from '@sallyport/service';
import type { Authority } from './authority.ts';
import { ownRevocations } from './revocation/revocation-stream.ts';
import type { RevocationWake } from './revocation/revocation-wake.ts';

type Trust = Readonly<{
  /** For the audience `auth`: what everybody calls. */
  gates: Gates;
  /** For the audience `admin`: see `admin/admin-gate.ts`. */
  adminGates: Gates;
  revocations: RevocationFeed;
}>;

/**
 * The authority is a resource server too, for its audiences `auth` and `admin`: a token for the one is worth nothing at the
 * other. Its gates differ from the other services' in where they ask: keys, database and feed are its own.
 * What is ordered for a tier does not hold here: a closed one could never be opened again.
 */
export function openTrust(authority: Authority, wake: RevocationWake, telemetry = noTelemetry): Trust {
  const { keys, now, database, log } = authority;
  const clock: Clock = { epochSeconds: () => Math.floor(now() / 1000), monotonicMs: () => performance.now() };
  const revocations = followRevocations(ownRevocations({ database, wake }), {
    clock,
    onLiveness: (alive, err) => log[alive ? 'info' : 'warn']({ alive, err }, 'revocation feed'),
    // Another process may have denied a key that this one still signs with.
    onRevocation: (told) => {
      if (told.kind === 'restrictions') authority.restrictions.take(told);
      if (told.kind === 'key')
        void keys.reread().catch((err: unknown) => log.warn({ err }, 'signing keys could not be read again'));
    },
  });
  // Both follow one feed, so one of them tells of it.
  const parts = { authority, clock, revocations, telemetry };
  const gates = openGatesFor('auth', { ...parts, onDemotion: demotionLog(log, telemetry) });
  return { gates, adminGates: openGatesFor('admin', parts), revocations };
}

type Parts = Readonly<{
  authority: Authority;
  clock: Clock;
  revocations: RevocationFeed;
  telemetry: Telemetry;
  onDemotion?: NonNullable<GateOptions['onDemotion']>;
}>;

function openGatesFor(audience: string, { authority, clock, revocations, telemetry, ...reports }: Parts): Gates {
  const { issuer, keys, introspect, proofs, log } = authority;
  const { verification } = keys;
  const signed = localVerifier({ issuer, audience, keys: verification, clock });
  const local = cachingVerifier(signed, { clock, epoch: verification.epoch });
  const ask: AskAuthority = (questions) => introspect(questions, { audience });
  const fresh = introspectingVerifier(local, coalescingAuthority(meteredAuthority(ask, telemetry)), {
    clock,
    onUnreachable: (err) => log.error({ err }, 'the database did not answer an introspection'),
  });
  return openGates({
    issuers: [{ issuer, local, fresh, revocations }],
    proofs,
    clock,
    onDecision: decisionLog(log, telemetry),
    ...reports,
  });
}
