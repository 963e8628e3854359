import { generateKeyPairSync } from 'node:crypto';
import { newKeyId, newSubject, sessionId } from '../identifiers.ts';
import { mintUserToken, type Target } from '../tokens/access-token.ts';

/** A person's session in the middle of its life, and the key that signs its tokens. */
export function openTokenIssue(issuer: string) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyId = newKeyId();
  const now = Date.now();
  const session = {
    subject: newSubject(),
    clientId: 'web',
    // The longest serial of the first sixty million.
    sid: sessionId(36 ** 5 - 1),
    authTime: new Date(now),
    acr: 'aal1',
    absoluteExpiresAt: new Date(now + 24 * 60 * 60 * 1000),
    keyThumbprint: null,
  };
  const authority = { issuer, now: Date.now, keys: { signing: () => ({ keyId, privateKey }) } };
  return {
    keyId,
    privateKey,
    /** An access token as the authority makes one: new ids, times, its budget looked at. */
    issue: (target: Target): string => mintUserToken(authority, session, target).token,
  };
}
