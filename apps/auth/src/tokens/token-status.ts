import { inTransaction } from '@sallyport/db';
import { eq } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { findClient } from '../clients/clients.ts';
import { transactionLimits } from '../database.ts';
import { serialOf } from '../identifiers.ts';
import { isCutOff } from '../revocation/cut-off.ts';
import { recordRevocations } from '../revocation/revocation-outbox.ts';
import { revokedTokens } from '../schema.ts';
import type { OwnClaims } from './own-token.ts';

/** Whether a token of ours is good now: not revoked, and its session, or the service that it belongs to, is alive. */
export async function isActive(authority: Authority, claims: OwnClaims): Promise<boolean> {
  return (await presentClaims(authority, claims)) !== undefined;
}

/** The claims of a token that is good now, with the roles that its subject has now. `undefined` for one that is not. */
export async function presentClaims(authority: Authority, claims: OwnClaims): Promise<OwnClaims | undefined> {
  const { jti: tokenId, sid: session, sub: subject, client_id: client, aud: audience } = claims;
  if (session !== undefined) {
    const [answer] = await authority.introspect([{ tokenId, session, subject, client }], { audience });
    if (answer?.active !== true) return undefined;
    const { roles: _, ...others } = claims;
    const roles = [...(answer.roles ?? [])];
    return roles.length === 0 ? others : { ...others, roles };
  }
  const [revoked] = await authority.database.select().from(revokedTokens).where(eq(revokedTokens.tokenId, tokenId));
  if (revoked !== undefined || (await findClient(authority.database, client)) === undefined) return undefined;
  return (await isCutOff(authority.database, { client, serial: serialOf(tokenId) })) ? undefined : claims;
}

/** Seconds that a revoked token is remembered beyond its end, for verifiers whose clocks are behind. */
const rememberSeconds = 600;

/**
 * Revokes one access token, and writes it to the feed in the same transaction. Revoking again changes nothing. Answers
 * the feed's position after it.
 */
export async function revokeAccessToken({ database, now }: Authority, claims: OwnClaims): Promise<number> {
  const expiresAt = new Date((claims.exp + rememberSeconds) * 1000);
  return inTransaction(database, transactionLimits, async (transaction) => {
    const [revoked] = await transaction
      .insert(revokedTokens)
      .values({ tokenId: claims.jti, expiresAt, revokedAt: new Date(now()) })
      .onConflictDoNothing()
      .returning({ tokenId: revokedTokens.tokenId });
    const news = revoked === undefined ? [] : [{ kind: 'token', tokenId: revoked.tokenId } as const];
    const because = 'revoked by its client';
    const position = await recordRevocations(transaction, news, because);
    if (revoked !== undefined) {
      const { sub: subject, client_id: client, sid: session, jti } = claims;
      const names = { actor: `client:${client}`, subject, client, session } as const;
      await recordAudit(transaction, { action: 'token.revoked', ...names, because, detail: { tokenId: jti } });
    }
    return position;
  });
}
