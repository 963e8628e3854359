import { inTransaction } from '@sallyport/db';
import { and, asc, desc, eq, inArray, isNull, ne, sql, type SQL } from 'drizzle-orm';
import { recordAudit, type AuditEvent, type Reason } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import type { Caller } from '../caller.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { newRefreshToken, sessionId, type RefreshToken } from '../identifiers.ts';
import { after, earlier } from '../moments.ts';
import { recordRevocations } from '../revocation/revocation-outbox.ts';
import { deviceOf, suspect, suspicionOf } from '../risk/suspicion.ts';
import { sessions } from '../schema.ts';
import { isLive } from './live-session.ts';
import { timesOf, twoFactors, type Proof } from './proof.ts';

export type Session = typeof sessions.$inferSelect;

/** NIST SP 800-63B §2.2.3 for AAL2: at most an hour without use, and a day in all. Seconds. */
export const idleSeconds = 60 * 60;
const absoluteSeconds = 24 * 60 * 60;

/** Who signed in, how, and from where. */
export type SignIn = Readonly<{
  subject: string;
  clientId: string;
  proof: Proof;
  caller: Caller;
  /** RFC 7638 thumbprint of the key that the session's tokens are bound to, where the client showed one. */
  keyThumbprint?: string | undefined;
  /** When it ends, where that is before a day is over. */
  endsAt?: Date | undefined;
}>;

/** Begins a session of somebody who has just proven who they are. */
export async function startSession(
  authority: Authority,
  { subject, clientId, proof, caller, keyThumbprint, endsAt }: SignIn,
): Promise<{ session: Session; refreshToken: RefreshToken }> {
  const { database, now } = authority;
  const startedAt = new Date(now());
  // A factor that another provider saw long ago settles nothing now.
  const isProven = proof.acr === twoFactors && proof.authTime === undefined;
  const suspicion = await suspect(authority, { subject, caller, keyThumbprint, at: startedAt, isProven });
  const authTime = proof.authTime ?? startedAt;
  const aDayLater = after(startedAt, absoluteSeconds);
  const absoluteExpiresAt = earlier(aDayLater, endsAt ?? aDayLater);
  const refreshToken = newRefreshToken();
  // The id carries the serial, so the serial is drawn first.
  const { rows } = await database.execute<{ serial: string }>(sql`SELECT nextval('session_serials') AS serial`);
  const serial = Number(rows[0]?.serial);
  const begun = {
    subject,
    clientId,
    serial,
    sid: sessionId(serial),
    refreshHash: refreshToken.hash,
    startedAt,
    lastUsedAt: startedAt,
    authTime,
    secondFactorAt: proof.acr === twoFactors ? authTime : null,
    acr: proof.acr,
    amr: [...proof.amr],
    factorTimes: timesOf(proof.amr, authTime),
    network: caller.network,
    userAgent: caller.userAgent?.slice(0, 256),
    device: deviceOf(caller),
    riskLevel: suspicion.level,
    riskSignals: [...suspicion.signals],
    keyThumbprint,
    idleExpiresAt: earlier(after(startedAt, idleSeconds), absoluteExpiresAt),
    absoluteExpiresAt,
  };
  const session = await inTransaction(database, transactionLimits, async (transaction) => {
    const [inserted] = await transaction.insert(sessions).values(begun).returning();
    if (inserted === undefined) throw new Error('PostgreSQL returned no row for an INSERT.');
    const suspected = inserted.riskLevel === 'low' ? [] : [suspicionOf(inserted)];
    await recordAudit(transaction, startOf(inserted), ...suspected);
    return inserted;
  });
  return { session, refreshToken };
}

function startOf({ subject, clientId: client, sid: session, acr, amr, network }: Session): AuditEvent {
  const detail = { acr, amr, network };
  return { action: 'session.started', actor: `subject:${subject}`, subject, client, session, detail };
}

/** The subject's sessions that are alive, newest first; at most 100. */
export async function listSessions({ database, now }: Authority, subject: string): Promise<Session[]> {
  return database
    .select()
    .from(sessions)
    .where(and(eq(sessions.subject, subject), isLive(new Date(now()))))
    .orderBy(desc(sessions.serial))
    .limit(100);
}

/**
 * Ends one session of the subject. Answers the feed's position after it, or `undefined` when the subject has no such
 * session; ending twice is no error.
 */
export async function endOwnSession(
  authority: Authority,
  own: Readonly<{ subject: string; sid: string }>,
): Promise<number | undefined> {
  const isOwn = and(eq(sessions.subject, own.subject), eq(sessions.sid, own.sid));
  return endOneSession(authority, isOwn, byOwner(authority, own.subject));
}

async function endOneSession(
  authority: Authority,
  which: SQL | undefined,
  ending: Ending,
): Promise<number | undefined> {
  return inTransaction(authority.database, transactionLimits, async (transaction) => {
    const [found] = await transaction.select({ serial: sessions.serial }).from(sessions).where(which);
    if (found === undefined) return undefined;
    return (await endSessions(transaction, [found.serial], ending)).position;
  });
}

/** Ends one session, whosoever it is. As `endOwnSession`. */
export async function endAnySession(authority: Authority, sid: string, reason: Reason): Promise<number | undefined> {
  return endOneSession(authority, eq(sessions.sid, sid), { ...reason, at: new Date(authority.now()) });
}

/** Ends every session of the subject but one. */
export async function endOtherSessions(
  authority: Authority,
  own: Readonly<{ subject: string; exceptSid: string }>,
): Promise<Ended> {
  return inTransaction(authority.database, transactionLimits, (transaction) =>
    endOthersIn(transaction, own, byOwner(authority, own.subject)),
  );
}

/** The same, in a transaction that makes more than this true. */
export async function endOthersIn(
  transaction: AuthQueries,
  own: Readonly<{ subject: string; exceptSid: string }>,
  ending: Ending,
): Promise<Ended> {
  const others = and(eq(sessions.subject, own.subject), ne(sessions.sid, own.exceptSid), isNull(sessions.endedAt));
  return endSessions(transaction, await lockInOrder(transaction, others), ending);
}

function byOwner({ now }: Authority, subject: string): Ending {
  return { because: 'ended by its owner', actor: `subject:${subject}`, at: new Date(now()) };
}

// Two that end the same sessions at once take the locks in the same order, or they could wait for each other.
async function lockInOrder(transaction: AuthQueries, which: SQL | undefined): Promise<number[]> {
  const rows = await transaction
    .select({ serial: sessions.serial })
    .from(sessions)
    .where(which)
    .orderBy(asc(sessions.serial))
    .for('update');
  return rows.map((row) => row.serial);
}

export type Ending = Reason & Readonly<{ at: Date }>;

/** Ids of the sessions that had not ended before, and the feed's position after it. */
export type Ended = Readonly<{ sessions: readonly string[]; position: number }>;

/**
 * Ends sessions and writes it to the feed and the audit log, in the caller's transaction: the only way that a session ends before its
 * time.
 */
export async function endSessions(
  transaction: AuthQueries,
  serials: readonly number[],
  ending: Ending,
): Promise<Ended> {
  const ended = await transaction
    .update(sessions)
    .set({ endedAt: ending.at, endedBecause: ending.because })
    .where(and(inArray(sessions.serial, [...serials]), isNull(sessions.endedAt)))
    .returning({ session: sessions.sid, subject: sessions.subject, client: sessions.clientId });
  const sids = ended.map(({ session }) => session);
  const position = await recordRevocations(
    transaction,
    sids.map((session) => ({ kind: 'session', session })),
    ending.because,
  );
  const { because, actor = 'authority' } = ending;
  await recordAudit(transaction, ...ended.map((row) => ({ action: 'session.ended', actor, because, ...row }) as const));
  return { sessions: sids, position };
}
