import { inTransaction } from '@sallyport/db';
import { and, eq, sql } from 'drizzle-orm';
import { recordAudit, type Reason } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { hashSecret, newRefreshToken } from '../identifiers.ts';
import type { Sealer } from '../keys/sealed-secret.ts';
import { after } from '../moments.ts';
import { sessions, spentRefreshTokens } from '../schema.ts';
import { isLive } from './live-session.ts';
import { isPresentersOwn, type PresentedToken, type Rotated } from './presented-token.ts';
import { judgeSpent, repeatAnswer, successorPlace, type Judgement } from './repeated-refresh.ts';
import { endSessions, idleSeconds, type Session } from './sessions.ts';

/**
 * Changes a refresh token into its successor. Of several that present it at once, or again because an answer was lost, a few
 * get the same successor, for some seconds and while nobody has used it (`repeated-refresh.ts`). `undefined` for everything
 * else; and when somebody must have a copy of the token, its family ends (RFC 9700 §4.14.2).
 */
export async function refreshSession(authority: Authority, presented: PresentedToken): Promise<Rotated | undefined> {
  return inTransaction(authority.database, transactionLimits, async (transaction) => {
    const at = new Date(authority.now());
    const rotated = await spend(transaction, presented, { at, sealer: authority.sealer });
    if (rotated !== undefined) return rotated;
    const judged = await judgeSpent(transaction, presented, at);
    if (judged.kind === 'repetition') return repeatAnswer(authority.sealer, transaction, judged);
    await endIfReused(authority, transaction, judged);
    return undefined;
  });
}

/** Changes a refresh token into its successor once, whatever comes again: for what changes more than the token. */
export function rotate(transaction: AuthQueries, presented: PresentedToken, at: Date): Promise<Rotated | undefined> {
  return spend(transaction, presented, { at });
}

/**
 * One conditional UPDATE decides: of any number that present the same token at once, one matches the stored hash, and
 * the others, when they get the row's lock, find another hash. The generation counts rotations, so that several within
 * one second stay apart. With a sealer, the successor is kept for those that come again.
 */
async function spend(
  transaction: AuthQueries,
  presented: PresentedToken,
  { at, sealer }: Readonly<{ at: Date; sealer?: Sealer }>,
): Promise<Rotated | undefined> {
  const hash = hashSecret(presented.refreshToken);
  const refreshToken = newRefreshToken();
  const [session] = await transaction
    .update(sessions)
    .set({
      refreshHash: refreshToken.hash,
      generation: sql`${sessions.generation} + 1`,
      lastUsedAt: at,
      // A family that was free until now belongs to the first key that is shown.
      ...(presented.keyThumbprint !== undefined && { keyThumbprint: presented.keyThumbprint }),
      idleExpiresAt: sql`least(${after(at, idleSeconds)}::timestamptz, ${sessions.absoluteExpiresAt})`,
    })
    .where(and(eq(sessions.refreshHash, hash), isPresentersOwn(presented), isLive(at)))
    .returning();
  if (session === undefined) return undefined;
  const sealedSuccessor = sealer?.seal(Buffer.from(refreshToken.text), successorPlace(hash));
  const { serial, generation } = session;
  const spent = { hash, serial, generation: generation - 1, spentAt: at, sealedSuccessor };
  await transaction.insert(spentRefreshTokens).values(spent);
  return { session, refreshToken };
}

/** The living session whose current refresh token this is. Changes nothing. */
export async function findByRefreshToken(
  { database, now }: Authority,
  presented: PresentedToken,
): Promise<Session | undefined> {
  const [session] = await database
    .select()
    .from(sessions)
    .where(
      and(
        eq(sessions.refreshHash, hashSecret(presented.refreshToken)),
        isPresentersOwn(presented),
        isLive(new Date(now())),
      ),
    );
  return session;
}

/** Ends the family of a token that was rotated away, and that nobody presents by mistake. Does nothing for every other text. */
export async function endFamilyOfSpentToken(
  authority: Authority,
  refreshToken: string,
  shown: Omit<PresentedToken, 'refreshToken'> = {},
): Promise<void> {
  await inTransaction(authority.database, transactionLimits, async (transaction) => {
    await endIfReused(
      authority,
      transaction,
      await judgeSpent(transaction, { refreshToken, ...shown }, new Date(authority.now())),
    );
  });
}

async function endIfReused(authority: Authority, transaction: AuthQueries, judged: Judgement): Promise<void> {
  if (judged.kind !== 'reuse') return;
  const { serial, sid, subject, clientId: client, generation } = judged.session;
  const because = 'refresh token used again';
  const ending = { because, actor: 'unknown', at: new Date(authority.now()) } as const;
  const ended = await endSessions(transaction, [serial], ending);
  if (ended.sessions.length === 0) return;
  const reused = { action: 'refresh-token.reused', actor: 'unknown', subject, client, session: sid } as const;
  await recordAudit(transaction, { ...reused, because, detail: { generation } });
  authority.log.warn({ session: sid }, 'a spent refresh token came again: its family has ended');
}

/** `owner`: the client whose token it was, if it is one of ours. `position`: the feed's after this, whatever was done. */
export type Revoked = Readonly<{ owner: string | undefined; position: number }>;

/**
 * Ends the family that a refresh token, current or spent, belongs to. Does nothing for every other text; with `clientId`,
 * a family of another client is left alone.
 */
export async function endFamily(authority: Authority, presented: PresentedToken, reason: Reason): Promise<Revoked> {
  const hash = hashSecret(presented.refreshToken);
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
