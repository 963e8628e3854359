import { JwtVerifier } from 'aws-jwt-verify';
import { createVerifier } from 'fast-jwt';
import { createLocalJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { bareCheck, publicKey, signedPart } from './bare-signature.ts';
import type { Operation } from './in-process-round.ts';
import { audience, type SignedTokens } from './signed-tokens.ts';

// How others verify the same tokens: the key at hand, and the same demands as far as each can make them (type, issuer, audience).

/** Not a token's verification: the one signature check that none can do without, on bytes that lie ready. */
export function rawCheck({ keySet, tokens }: SignedTokens): Operation {
  const check = bareCheck(onlyKey(keySet));
  const prepared = tokens.map(signedPart);
  let turn = 0;
  return () => {
    turn = turn + 1 === prepared.length ? 0 : turn + 1;
    check(prepared[turn] ?? { input: Buffer.alloc(0), signature: Buffer.alloc(0) });
  };
}

/** The same for a token as it comes, with its claims read: what nobody can do without, and no look at what they say. */
export function rawRead({ keySet, next }: SignedTokens): Operation {
  const check = bareCheck(onlyKey(keySet));
  return () => {
    const token = next();
    check(signedPart(token));
    const claims: unknown = JSON.parse(
      Buffer.from(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')), 'base64url').toString(),
    );
    if (typeof claims !== 'object') throw new Error('refused');
  };
}

export function joseVerifier({ issuer, keySet, next }: SignedTokens): Operation {
  const findKey = createLocalJWKSet(keySet);
  return () => jwtVerify(next(), findKey, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] });
}

export function fastJwtVerifier({ issuer, keySet, next }: SignedTokens, cache: 'with cache' | 'without'): Operation {
  const verify = createVerifier({
    key: publicKey(onlyKey(keySet)).export({ type: 'spki', format: 'pem' }),
    algorithms: ['ES256'],
    allowedIss: issuer,
    allowedAud: audience,
    checkTyp: 'at+jwt',
    ...(cache === 'with cache' && { cache: 10_000, cacheTTL: 5000 }),
  });
  // oxlint-disable-next-line typescript/no-unsafe-return -- what it answers is not looked at: it throws when it refuses
  return () => verify(next());
}

export function awsVerifier({ issuer, keySet, next }: SignedTokens): Operation {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks` });
  verifier.cacheJwks({
    keys: keySet.keys.map(({ kid = '', alg = '', use = '', kty = '', ...key }) => ({ ...key, kid, alg, use, kty })),
  });
  return () => verifier.verifySync(next());
}

export function jsonwebtokenVerifier({ issuer, keySet, next }: SignedTokens): Operation {
  const key = publicKey(onlyKey(keySet));
  return () => jsonwebtoken.verify(next(), key, { issuer, audience, algorithms: ['ES256'] });
}

function onlyKey({ keys: [key] }: SignedTokens['keySet']): object {
  return { ...key };
}
