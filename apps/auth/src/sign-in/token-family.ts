import { inTransaction } from '@sallyport/db';
import { and, eq, sql, type SQL } from 'drizzle-orm';
import type { Reason } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { hashRefreshToken, newRefreshToken, type RefreshToken } from '../identifiers.ts';
import { after } from '../moments.ts';
import { sessions, spentRefreshTokens } from '../schema.ts';
import { isLive } from './live-session.ts';
import { endSessions, idleSeconds, type Session } from './sessions.ts';

export type PresentedToken = Readonly<{
  refreshToken: string;
  /** The client that presents it, where it has said who it is: a token of another client is not taken. */
  clientId?: string;
}>;

export type Rotated = Readonly<{ session: Session; refreshToken: RefreshToken }>;

/**
 * Changes a refresh token into its successor. `undefined` when it is not the tip of a living family; when it was spent
 * before, somebody has a copy, and the family ends (RFC 9700 §4.14.2).
 */
export async function refreshSession(authority: Authority, presented: PresentedToken): Promise<Rotated | undefined> {
  const rotated = await inTransaction(authority.database, transactionLimits, (transaction) =>
    rotate(transaction, presented, new Date(authority.now())),
  );
  if (rotated === undefined) await endFamilyOfSpentToken(authority, presented.refreshToken);
  return rotated;
}

/**
 * One conditional UPDATE decides: of any number that present the same token at once, one matches the stored hash, and
 * the others, when they get the row's lock, find another hash. The generation counts rotations, so that several within
 * one second stay apart.
 */
export async function rotate(
  transaction: AuthQueries,
  presented: PresentedToken,
  at: Date,
): Promise<Rotated | undefined> {
  const spentHash = hashRefreshToken(presented.refreshToken);
  const refreshToken = newRefreshToken();
  const [session] = await transaction
    .update(sessions)
    .set({
      refreshHash: refreshToken.hash,
      generation: sql`${sessions.generation} + 1`,
      lastUsedAt: at,
      idleExpiresAt: sql`least(${after(at, idleSeconds)}::timestamptz, ${sessions.absoluteExpiresAt})`,
    })
    .where(and(...isTip(spentHash, presented.clientId), isLive(at)))
    .returning();
  if (session === undefined) return undefined;
  const spent = { hash: spentHash, serial: session.serial, generation: session.generation - 1, spentAt: at };
  await transaction.insert(spentRefreshTokens).values(spent);
  return { session, refreshToken };
}

/** The living session whose current refresh token this is. Changes nothing. */
export async function findByRefreshToken(
  { database, now }: Authority,
  refreshToken: string,
): Promise<Session | undefined> {
  const [session] = await database
    .select()
    .from(sessions)
    .where(and(...isTip(hashRefreshToken(refreshToken)), isLive(new Date(now()))));
  return session;
}

function isTip(hash: string, clientId?: string): SQL[] {
  const conditions = [eq(sessions.refreshHash, hash)];
  if (clientId !== undefined) conditions.push(eq(sessions.clientId, clientId));
  return conditions;
}

/** Ends the family of a token that was rotated away. Does nothing for every other text. */
export async function endFamilyOfSpentToken(authority: Authority, refreshToken: string): Promise<void> {
  const hash = hashRefreshToken(refreshToken);
  const ended = await inTransaction(authority.database, transactionLimits, async (transaction) => {
    const [spent] = await transaction
      .select({ serial: spentRefreshTokens.serial })
      .from(spentRefreshTokens)
      .where(eq(spentRefreshTokens.hash, hash));
    if (spent === undefined) return [];
    const ending = { because: 'refresh token used again', at: new Date(authority.now()) };
    return (await endSessions(transaction, [spent.serial], ending)).sessions;
  });
  for (const session of ended)
    authority.log.warn({ session }, 'a spent refresh token came again: its family has ended');
}

/** `owner`: the client whose token it was, if it is one of ours. `position`: the feed's after this, whatever was done. */
export type Revoked = Readonly<{ owner: string | undefined; position: number }>;

/**
 * Ends the family that a refresh token, current or spent, belongs to. Does nothing for every other text; with `clientId`,
 * a family of another client is left alone.
 */
export async function endFamily(authority: Authority, presented: PresentedToken, reason: Reason): Promise<Revoked> {
  const hash = hashRefreshToken(presented.refreshToken);
  return inTransaction(authority.database, transactionLimits, async (transaction) => {
    // One statement: a rotation that commits in between cannot hide the token from both looks.
    const ofFamily = sql`${sessions.serial} = (SELECT serial FROM ${sessions} WHERE refresh_hash = ${hash}
      UNION ALL SELECT serial FROM ${spentRefreshTokens} WHERE hash = ${hash})`;
    const [family] = await transaction
      .select({ serial: sessions.serial, clientId: sessions.clientId })
      .from(sessions)
      .where(ofFamily);
    const isTheirs = presented.clientId === undefined || presented.clientId === family?.clientId;
    const serials = family !== undefined && isTheirs ? [family.serial] : [];
    const { position } = await endSessions(transaction, serials, { ...reason, at: new Date(authority.now()) });
    return { owner: family?.clientId, position };
  });
}
