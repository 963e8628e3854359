import { cachingVerifier, followRevocations, isCanonicalCompactJws, localVerifier } from '@sallyport/auth';
import type { Operation } from './in-process-round.ts';
import { audience, type SignedTokens } from './signed-tokens.ts';

/** What a service stacks behind its local gate: the grammar, the signature or what is remembered of it, and the revocations. */
export function houseVerifier({ issuer, keys, feed, next }: SignedTokens, maxEntries: number): Operation {
  const revocations = followRevocations(feed);
  const local = localVerifier({ issuer, audience, keys });
  const verifier = cachingVerifier(local, { epoch: keys.epoch, maxEntries });
  const believe = (verification: Awaited<ReturnType<typeof verifier.verify>>): void => {
    if (verification.outcome !== 'verified' || revocations.isRevoked(verification.token)) throw new Error('refused');
  };
  return () => {
    const token = next();
    if (!isCanonicalCompactJws(token)) throw new Error('refused');
    const verification = verifier.verify(token);
    return verification instanceof Promise ? verification.then(believe) : believe(verification);
  };
}
