import { isCanonicalCompactJws, openSignedToken } from '@sallyport/auth';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { epochSeconds } from '../moments.ts';

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.string(),
  client_id: z.string(),
  exp: z.int(),
  iat: z.int(),
  jti: z.string(),
  scope: z.string(),
  roles: z.array(z.string()).optional(),
  sid: z.string().optional(),
  auth_time: z.int().optional(),
  acr: z.string().optional(),
  /** Whoever may act with it, where it says so (RFC 8693 §4.4). Not checked here. */
  may_act: z.unknown().optional(),
  /** What it is bound to (RFC 7800). */
  cnf: z.object({ jkt: z.string().optional(), 'x5t#S256': z.string().optional() }).optional(),
});

/** The claims of an access token that this authority made. */
export type OwnClaims = z.infer<typeof claimsSchema>;

/**
 * Reads an access token of our own making, for whatever audience: spelling, header, signature, `typ`, issuer, times, as
 * strictly as every service does. `undefined` for every other text. Not checked: revocation, and whether the audience is
 * the asker's.
 * @throws when there are no keys to check with: then nobody knows
 */
export async function readOwnAccessToken(
  { keys, issuer, now }: Authority,
  text: string,
): Promise<OwnClaims | undefined> {
  if (!isCanonicalCompactJws(text)) return undefined;
  const signed = await openSignedToken(text, 'at+jwt', keys.verification);
  if (signed.outcome === 'unknown') throw new Error('There are no keys to check a token with.');
  if (signed.outcome === 'refused') return undefined;
  const claims = claimsSchema.parse(signed.claims);
  return claims.iss === issuer && claims.exp > epochSeconds(new Date(now())) ? claims : undefined;
}
