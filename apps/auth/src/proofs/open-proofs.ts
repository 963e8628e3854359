import { hkdfSync } from 'node:crypto';
import { proofNonces, proofVerifier, type Clock, type ProofReplays, type ProofVerifier } from '@sallyport/auth';
import type { Log } from '@sallyport/service';
import type { AuthDatabase } from '../database.ts';
import type { Now } from '../moments.ts';
import { usedProofs } from '../schema.ts';

export type ProofSettings = Readonly<{
  database: AuthDatabase;
  /** 32 bytes. The secret of the nonces is derived from it, so that every instance knows the others' nonces. */
  keyEncryptionKey: Uint8Array;
  now: Now;
  log: Log;
}>;

/**
 * The authority's verifier of proofs (RFC 9449): always with a nonce, because what it gives out for a proof is worth more than one
 * request; each once, at whichever instance.
 */
export function openProofs({ database, keyEncryptionKey, now, log }: ProofSettings): ProofVerifier {
  const clock: Clock = { epochSeconds: () => Math.floor(now() / 1000), monotonicMs: () => performance.now() };
  const secret = new Uint8Array(hkdfSync('sha256', keyEncryptionKey, '', 'sallyport: nonces of proofs', 32));
  return proofVerifier({
    clock,
    nonce: 'always',
    nonces: proofNonces({ clock, secret }),
    replays: replaysIn(database),
    onReplaysUnknown: (err) => log.error({ err }, 'nobody can say whether a proof was used'),
  });
}

/** One row by primary key: of two uses at once, in whatever process, one inserts it. */
function replaysIn(database: AuthDatabase): ProofReplays {
  return {
    use: async (proofId, expiresAt) => {
      const used = await database
        .insert(usedProofs)
        .values({ proofId, expiresAt: new Date(expiresAt * 1000) })
        .onConflictDoNothing()
        .returning({ proofId: usedProofs.proofId });
      return used.length > 0;
    },
  };
}
