import { createPublicKey } from 'node:crypto';
import { cachingVerifier, followRevocations, isCanonicalCompactJws, localVerifier } from '@sallyport/auth';
import { createVerifier } from 'fast-jwt';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { offerRounds } from './in-process-round.ts';
import { audience, signedTokens } from './signed-tokens.ts';

// A hundred callers, each with the token that it has shown before.

const callers = 100;

await offerRounds({
  sallyport: async () => {
    const { issuer, keys, feed, next } = await signedTokens(callers);
    const revocations = followRevocations(feed);
    const verifier = cachingVerifier(localVerifier({ issuer, audience, keys }), { epoch: keys.epoch });
    const believe = (verification: Awaited<ReturnType<typeof verifier.verify>>): void => {
      if (verification.outcome !== 'verified' || revocations.isRevoked(verification.token)) throw new Error('refused');
    };
    return () => {
      const token = next();
      if (!isCanonicalCompactJws(token)) throw new Error('refused');
      const verification = verifier.verify(token);
      return verification instanceof Promise ? verification.then(believe) : believe(verification);
    };
  },
  'fast-jwt': async () => {
    const { issuer, keySet, next } = await signedTokens(callers);
    const key = createPublicKey({ key: { ...keySet.keys[0] }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const verify = createVerifier({
      key,
      algorithms: ['ES256'],
      allowedIss: issuer,
      allowedAud: audience,
      checkTyp: 'at+jwt',
      cache: 10_000,
      cacheTTL: 5000,
    });
    // oxlint-disable-next-line typescript/no-unsafe-return -- what it answers is not looked at: it throws when it refuses
    return () => verify(next());
  },
  jose: async () => {
    const { issuer, keySet, next } = await signedTokens(callers);
    const findKey = createLocalJWKSet(keySet);
    return () => jwtVerify(next(), findKey, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] });
  },
});
