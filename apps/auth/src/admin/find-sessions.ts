import { and, desc, eq, lt, type SQL } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import { epochSeconds } from '../moments.ts';
import { sessions } from '../schema.ts';
import { isLive } from '../sign-in/live-session.ts';

export type SessionFilter = Readonly<{
  subject?: string | undefined;
  client?: string | undefined;
  /** The last serial of the page before. */
  before?: number | undefined;
  limit: number;
}>;

/** Sessions that are alive, newest first. Times are epoch seconds. */
export async function findSessions({ database, now }: Pick<Authority, 'database' | 'now'>, filter: SessionFilter) {
  const conditions: SQL[] = [isLive(new Date(now()))];
  if (filter.subject !== undefined) conditions.push(eq(sessions.subject, filter.subject));
  if (filter.client !== undefined) conditions.push(eq(sessions.clientId, filter.client));
  if (filter.before !== undefined) conditions.push(lt(sessions.serial, filter.before));
  const rows = await database
    .select()
    .from(sessions)
    .where(and(...conditions))
    .orderBy(desc(sessions.serial))
    .limit(filter.limit);
  return rows.map((row) => ({
    id: row.sid,
    serial: row.serial,
    subject: row.subject,
    client: row.clientId,
    network: row.network,
    userAgent: row.userAgent ?? undefined,
    acr: row.acr,
    amr: row.amr,
    startedAt: epochSeconds(row.startedAt),
    lastUsedAt: epochSeconds(row.lastUsedAt),
    secondFactorAt: row.secondFactorAt === null ? undefined : epochSeconds(row.secondFactorAt),
    expiresAt: epochSeconds(row.absoluteExpiresAt),
  }));
}
