import { createPrivateKey, randomBytes, type KeyObject } from 'node:crypto';
import { SignJWT, type JWK } from 'jose';

export type ClientIdentity = Readonly<{
  /** The authority's issuer identifier, letter for letter as in its metadata. */
  issuer: string;
  clientId: string;
  /** ES256 private key with `kid`. Never leaves this process. */
  privateKey: JWK;
}>;

const assertionLifetimeSeconds = 60;

/**
 * Makes the signer of this client's `private_key_jwt` assertions (RFC 7523 §3). Throws at once when the key is not an
 * ES256 private key with a `kid`: a service with an unusable key should not start.
 *
 * Each assertion names the authority by its issuer identifier, as one string: an array, or the token endpoint's URL,
 * lets one authority replay at another what was meant for it (the audience-injection attacks of 2025).
 */
export function openClientAssertions(identity: ClientIdentity, epochSeconds: () => number): () => Promise<string> {
  const { clientId, issuer } = identity;
  const { key, kid } = signingKey(identity.privateKey);
  return () => {
    const now = epochSeconds();
    return new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(issuer)
      .setJti(randomBytes(12).toString('base64url'))
      .setIssuedAt(now)
      .setExpirationTime(now + assertionLifetimeSeconds)
      .sign(key);
  };
}

function signingKey(jwk: JWK): { key: KeyObject; kid: string } {
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256' || jwk.d === undefined || jwk.kid === undefined) {
    throw new Error('The client key must be a private EC P-256 JWK with a kid.');
  }
  return { key: createPrivateKey({ key: { ...jwk }, format: 'jwk' }), kid: jwk.kid };
}
