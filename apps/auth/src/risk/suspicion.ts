import { inTransaction } from '@sallyport/db';
import { and, desc, eq, gt, isNull, lt, max } from 'drizzle-orm';
import { recordAudit, type AuditEvent } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import type { Caller } from '../caller.ts';
import { transactionLimits } from '../database.ts';
import { after } from '../moments.ts';
import { sessions, spentRefreshTokens } from '../schema.ts';
import type { Session } from '../sign-in/sessions.ts';
import { isImpossibleMove } from './places.ts';
import { judge, settle, together, unsuspected, type RiskSignal, type Suspicion } from './risk-rules.ts';

/** How long what somebody used stays known. Seconds. */
const rememberSeconds = 90 * 24 * 60 * 60;
const maxRemembered = 200;

/**
 * A browser as far as it can be told from others: its `User-Agent` without the numbers, which change every month. Anybody can
 * send another one's: a familiar device proves nothing, an unfamiliar one is worth a question.
 */
export function deviceOf({ userAgent }: Caller): string {
  return userAgent === undefined ? 'unknown' : userAgent.replaceAll(/[\d._]+/g, '').slice(0, 256);
}

export type Arrival = Readonly<{
  subject: string;
  caller: Caller;
  keyThumbprint?: string | undefined;
  at: Date;
  /** A second factor was shown just now. */
  isProven: boolean;
}>;

/**
 * What looks wrong about somebody who has just signed in, next to their earlier sessions that looked well. The first session of
 * all has nothing to be compared with.
 */
export async function suspect(authority: Authority, arrival: Arrival): Promise<Suspicion> {
  const { subject, caller, keyThumbprint, at } = arrival;
  const known = await knownUses(authority, subject, at);
  const last = known.toSorted((one, other) => other.lastUsedAt.getTime() - one.lastUsedAt.getTime())[0];
  if (last === undefined) return unsuspected;
  const device = deviceOf(caller);
  const isKnown = known.some(
    (use) => use.device === device || (keyThumbprint !== undefined && use.keyThumbprint === keyThumbprint),
  );
  const signals: RiskSignal[] = [];
  if (!isKnown) signals.push('new device');
  if (!known.some(({ network }) => network === caller.network)) signals.push('new network');
  const { places } = authority;
  const here = { place: places(caller.network), at };
  if (isImpossibleMove({ place: places(last.network), at: last.lastUsedAt }, here)) signals.push('impossible move');
  const suspicion = judge(signals);
  return arrival.isProven ? settle(suspicion) : suspicion;
}

/**
 * What somebody used lately and nothing was wrong with, each once, with its last use. The index gives the newest sessions without
 * sorting; who signs in often has many of a kind.
 */
function knownUses({ database }: Authority, subject: string, at: Date) {
  const { serial, device, network, keyThumbprint, lastUsedAt, riskLevel } = sessions;
  const uses = database
    .select({ device, network, keyThumbprint, lastUsedAt })
    .from(sessions)
    .where(and(eq(sessions.subject, subject), eq(riskLevel, 'low'), gt(lastUsedAt, after(at, -rememberSeconds))))
    .orderBy(desc(serial))
    .limit(maxRemembered)
    .as('uses');
  const latest = max(uses.lastUsedAt).mapWith(lastUsedAt);
  return database
    .select({ device: uses.device, network: uses.network, keyThumbprint: uses.keyThumbprint, lastUsedAt: latest })
    .from(uses)
    .groupBy(uses.device, uses.network, uses.keyThumbprint);
}

/**
 * Looks at who uses a session now, after its refresh token was accepted: a suspicion is written to the session before any token
 * is made of it. It only ever grows here. Answers the session as it is now.
 */
export async function noteUse(
  authority: Authority,
  session: Session,
  { caller, isProven }: Readonly<{ caller: Caller; /** A second factor was shown just now. */ isProven: boolean }>,
): Promise<Session> {
  const device = deviceOf(caller);
  if (caller.network === session.network && device === session.device) return session;
  const at = new Date(authority.now());
  const seen = judge(await signalsOfUse(authority, session, { caller, device, at }));
  const before = { level: session.riskLevel, signals: session.riskSignals };
  const suspicion = together(before, isProven ? settle(seen) : seen);
  return inTransaction(authority.database, transactionLimits, async (transaction) => {
    const [noted] = await transaction
      .update(sessions)
      .set({ network: caller.network, riskLevel: suspicion.level, riskSignals: [...suspicion.signals] })
      .where(and(eq(sessions.serial, session.serial), isNull(sessions.endedAt)))
      .returning();
    if (noted !== undefined && suspicion.signals.length > session.riskSignals.length)
      await recordAudit(transaction, suspicionOf(noted));
    return noted ?? session;
  });
}

/** When the session was used before it was just now: its last rotation but one. */
async function usedBefore({ database }: Authority, { serial, generation, startedAt }: Session): Promise<Date> {
  const [rotation] = await database
    .select({ at: spentRefreshTokens.spentAt })
    .from(spentRefreshTokens)
    .where(and(eq(spentRefreshTokens.serial, serial), lt(spentRefreshTokens.generation, generation - 1)))
    .orderBy(desc(spentRefreshTokens.generation))
    .limit(1);
  return rotation?.at ?? startedAt;
}

/** For the audit log: what looks wrong, and where from. */
export function suspicionOf({
  subject,
  clientId: client,
  sid: session,
  network,
  riskLevel,
  riskSignals,
}: Session): AuditEvent {
  const detail = { level: riskLevel, signals: riskSignals, network };
  return { action: 'session.suspected', actor: 'authority', subject, client, session, detail };
}

type Use = Readonly<{ caller: Caller; device: string; at: Date }>;

async function signalsOfUse(authority: Authority, session: Session, use: Use): Promise<RiskSignal[]> {
  const { caller, device, at } = use;
  const signals: RiskSignal[] = [];
  // The device that it began on is the one it has: what is unknown now says nothing.
  if (device !== session.device && device !== 'unknown' && session.device !== 'unknown') signals.push('device changed');
  if (caller.network === session.network) return signals;
  const known = await knownUses(authority, session.subject, at);
  const others = known.filter(({ network }) => network === caller.network);
  if (others.length === 0) signals.push('new network');
  const { places } = authority;
  const before = { place: places(session.network), at: await usedBefore(authority, session) };
  if (isImpossibleMove(before, { place: places(caller.network), at })) signals.push('impossible move');
  return signals;
}
