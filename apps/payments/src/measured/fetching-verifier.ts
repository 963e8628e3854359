import { createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import type { TokenVerifier, Verification } from '@sallyport/auth';
import { z } from 'zod';

export type FetchingOptions = Readonly<{
  /** Of the authority, without a slash at the end: it is the audience of assertions too. */
  issuer: string;
  clientId: string;
  clientKey: Parameters<typeof createPrivateKey>[0] & Readonly<{ key: Readonly<{ kid: string }> }>;
}>;

// RFC 7662 §2.2. Nothing is said of a second factor but by `acr`: it is as old as `auth_time`.
const answerSchema = z.discriminatedUnion('active', [
  z.object({ active: z.literal(false) }),
  z.object({ active: z.literal(true), sub: z.string(), client_id: z.string(), auth_time: z.int(), acr: z.string() }),
]);

/**
 * The fresh gate as most would write it first: the token's signature is checked, and then its text is sent to the RFC 7662 endpoint by
 * the global `fetch`, once for each call. As cheap as that gets: the key of its assertions is read once, and each is signed at once.
 */
export function fetchingVerifier(inner: TokenVerifier, options: FetchingOptions): TokenVerifier {
  const url = `${options.issuer}/oauth/introspect`;
  const assert = assertionSigner(options);
  return {
    maxLifetimeSeconds: inner.maxLifetimeSeconds,
    async verify(text): Promise<Verification> {
      const checkedAtMs = performance.now();
      const verification = await inner.verify(text);
      if (verification.outcome !== 'verified') return verification;
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `token=${text}&client_id=${options.clientId}&client_assertion_type=${assertionType}&client_assertion=${assert()}`,
      });
      if (!response.ok) return { outcome: 'unknown', reason: 'authority_unreachable' };
      const answer = answerSchema.parse(await response.json());
      const { token } = verification;
      const isSame = answer.active && answer.sub === token.subject && answer.client_id === token.client;
      if (!isSame) return { outcome: 'refused', reason: 'revoked', token };
      const { auth_time: authTime, acr } = answer;
      const second = acr === 'aal2' && { secondFactorAt: authTime };
      const session = { authTime, acr, ...second, answeredAt: Math.floor(Date.now() / 1000) };
      return { outcome: 'verified', token, session, checkedAtMs };
    },
  };
}

const assertionType = encodeURIComponent('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');

/** `private_key_jwt` (RFC 7523 §3): each is taken once, so each question needs another. */
function assertionSigner({ issuer, clientId, clientKey }: FetchingOptions): () => string {
  const key = createPrivateKey(clientKey);
  const header = encode({ alg: 'ES256', typ: 'JWT', kid: clientKey.key.kid });
  return () => {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat, exp: iat + 60 };
    const signed = `${header}.${encode(claims)}`;
    return `${signed}.${signature(signed, key)}`;
  };
}

function signature(text: string, key: KeyObject): string {
  return sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
