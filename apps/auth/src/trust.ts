import {
  cachingVerifier,
  coalescingAuthority,
  followRevocations,
  introspectingVerifier,
  localVerifier,
  openGates,
  type AskAuthority,
  type Clock,
  type Gates,
  type RevocationFeed,
} from '@sallyport/auth';
import { decisionLog, demotionLog } from '@sallyport/service';
import type { Authority } from './authority.ts';
import { ownRevocations } from './revocation/revocation-stream.ts';
import type { RevocationWake } from './revocation/revocation-wake.ts';

/**
 * The authority is a resource server too, for its audience `auth`. Its gates differ from the other services' in where
 * they ask: keys, database and feed are its own.
 */
export function openTrust(authority: Authority, wake: RevocationWake): { gates: Gates; revocations: RevocationFeed } {
  const { issuer, keys, introspect, now, database, log } = authority;
  const clock: Clock = { epochSeconds: () => Math.floor(now() / 1000), monotonicMs: () => performance.now() };
  const revocations = followRevocations(ownRevocations({ database, wake }), {
    clock,
    onLiveness: (alive, err) => log[alive ? 'info' : 'warn']({ alive, err }, 'revocation feed'),
    // Another process may have denied a key that this one still signs with.
    onRevocation: ({ kind }) =>
      kind === 'key' &&
      void keys.reread().catch((err: unknown) => log.warn({ err }, 'signing keys could not be read again')),
  });
  const { verification } = keys;
  const signed = localVerifier({ issuer, audience: 'auth', keys: verification, clock });
  const local = cachingVerifier(signed, { clock, epoch: verification.epoch });
  const ask: AskAuthority = (questions) => introspect(questions, { audience: 'auth' });
  const fresh = introspectingVerifier(local, coalescingAuthority(ask), {
    clock,
    onUnreachable: (err) => log.error({ err }, 'the database did not answer an introspection'),
  });
  const gates = openGates({
    issuers: [{ issuer, local, fresh, revocations }],
    clock,
    onDecision: decisionLog(log),
    onDemotion: demotionLog(log),
  });
  return { gates, revocations };
}
