import { isDeepStrictEqual } from 'node:util';
import type { TierRestriction, TrustTier } from '@sallyport/auth';
import { inTransaction } from '@sallyport/db';
import { lte, sql } from 'drizzle-orm';
import type { AuditAction } from '../audit/audit-actions.ts';
import { recordAudit, type Reason } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { after } from '../moments.ts';
import { cutOffUpTo } from '../revocation/cut-off.ts';
import { lastPosition, recordRevocations } from '../revocation/revocation-outbox.ts';
import { restrictions, sessions } from '../schema.ts';
import { forServices, readRestrictions, type HouseRestrictions } from './restrictions.ts';

/** `position`: the feed's after it. */
export type Restricted = Readonly<{ restrictions: HouseRestrictions; position: number }>;

export type TierOrder = Readonly<{ tier: TrustTier; to: TierRestriction | 'as-designed' }>;

/** Orders something for a tier at every service, or takes it back. What is so already changes nothing. */
export async function restrictTier(authority: Authority, { tier, to }: TierOrder, reason: Reason): Promise<Restricted> {
  const actions = {
    'as-designed': 'tier.restored',
    'fail-closed': 'tier.failed-closed',
    closed: 'tier.closed',
  } as const;
  return restrict(authority, {
    reason,
    action: actions[to],
    detail: { tier },
    change: (before) => {
      const { [tier]: _, ...others } = before.tiers;
      return { ...before, tiers: to === 'as-designed' ? others : { ...others, [tier]: to } };
    },
  });
}

/** Seconds; `null` gives the full life back, and what is not named stays. */
export type LifetimeOrder = Readonly<{
  accessTokenSeconds?: number | null | undefined;
  sessionSeconds?: number | null | undefined;
}>;

/**
 * Shortens the life of tokens and sessions, those that are out among them: services refuse tokens that are older, and the sessions
 * that are older end by a cut-off in the same transaction.
 */
export async function clampLifetimes(authority: Authority, order: LifetimeOrder, reason: Reason): Promise<Restricted> {
  const isClamp = Object.values(order).some((seconds) => typeof seconds === 'number');
  return restrict(authority, {
    reason,
    action: isClamp ? 'lifetimes.clamped' : 'lifetimes.restored',
    detail: Object.fromEntries(Object.entries(order).map(([name, seconds]) => [name, seconds ?? 'full'])),
    change: (before) => {
      const { accessTokenSeconds = before.accessTokenSeconds, sessionSeconds = before.sessionSeconds } = order;
      return {
        ...before,
        accessTokenSeconds: accessTokenSeconds ?? undefined,
        sessionSeconds: sessionSeconds ?? undefined,
      };
    },
  });
}

type Order = Readonly<{
  reason: Reason;
  action: AuditAction;
  detail: Readonly<Record<string, string | number>>;
  change: (before: HouseRestrictions) => HouseRestrictions;
}>;

async function restrict(authority: Authority, order: Order): Promise<Restricted> {
  const { because, actor = 'authority' } = order.reason;
  const restricted = await inTransaction(authority.database, transactionLimits, async (transaction) => {
    await transaction.execute(sql`SELECT FROM ${restrictions} FOR UPDATE`);
    const before = await readRestrictions(transaction);
    const ordered = order.change(before);
    if (isDeepStrictEqual(write(ordered), write(before)))
      return { restrictions: before, position: await lastPosition(transaction) };
    const next = { ...ordered, version: before.version + 1 };
    await transaction.update(restrictions).set(write(next));
    const ended = await endOlderSessions(transaction, authority, next.sessionSeconds);
    const news = [{ kind: 'restrictions', ...forServices(next) } as const, ...ended];
    const position = await recordRevocations(transaction, news, because);
    await recordAudit(transaction, { action: order.action, actor, because, detail: order.detail });
    return { restrictions: next, position };
  });
  // Other processes hear of it over the feed; this one signs by it from here on.
  authority.restrictions.take(restricted.restrictions);
  return restricted;
}

function write({ version, tiers, accessTokenSeconds, sessionSeconds }: HouseRestrictions) {
  return {
    version,
    tiers,
    accessTokenSeconds: accessTokenSeconds ?? null,
    sessionSeconds: sessionSeconds ?? null,
  };
}

/** The cut-off for what has begun too long ago. Services would otherwise believe its tokens for as long as they live. */
async function endOlderSessions(transaction: AuthQueries, { now }: Authority, sessionSeconds: number | undefined) {
  if (sessionSeconds === undefined) return [];
  const at = new Date(now());
  const [row] = await transaction
    .select({ serial: sql<string | null>`max(${sessions.serial})` })
    .from(sessions)
    .where(lte(sessions.startedAt, after(at, -sessionSeconds)));
  const upToSerial = Number(row?.serial ?? 0);
  if (upToSerial > 0) await cutOffUpTo(transaction, { kind: 'everyone' }, { upToSerial, setAt: at });
  return upToSerial > 0 ? [{ kind: 'everyone', upToSerial } as const] : [];
}
