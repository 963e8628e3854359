import { authorizationReader, cachingVerifier, followRevocations, localVerifier } from '@sallyport/auth';
import type { Operation } from './in-process-round.ts';
import { audience, type SignedTokens } from './signed-tokens.ts';

/**
 * What a service stacks behind its local gate: the grammar, the signature or what is remembered of it, and the revocations. `unknown`: each
 * time that the tokens begin anew they are shown to a reader and a verifier that have seen none of them.
 */
export function houseVerifier({ issuer, keys, feed, tokens }: SignedTokens, shown: 'again' | 'unknown'): Operation {
  const revocations = followRevocations(feed);
  const local = localVerifier({ issuer, audience, keys });
  const open = () => ({ read: authorizationReader(), verifier: cachingVerifier(local, { epoch: keys.epoch }) });
  let { read, verifier } = open();
  const believe = (verification: Awaited<ReturnType<typeof verifier.verify>>): void => {
    if (verification.outcome !== 'verified' || revocations.isRevoked(verification.token)) throw new Error('refused');
  };
  // As it comes from HTTP: a header with its scheme.
  const headers = tokens.map((token) => [Buffer.from(`Bearer ${token}`).toString('latin1')]);
  let turn = 0;
  return () => {
    turn = turn + 1 === headers.length ? 0 : turn + 1;
    if (turn === 0 && shown === 'unknown') ({ read, verifier } = open());
    const authorization = read(headers[turn] ?? []);
    if (authorization.kind !== 'token') throw new Error('refused');
    const verification = verifier.verify(authorization.token);
    return verification instanceof Promise ? verification.then(believe) : believe(verification);
  };
}
