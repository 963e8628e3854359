import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import { hashSecret, newRefreshToken } from '../identifiers.ts';
import { after } from '../moments.ts';
import { actionTokens } from './account-tables.ts';

export type ActionKind = (typeof actionTokens.kind.enumValues)[number];
export type Action = typeof actionTokens.$inferSelect;

/** NIST SP 800-63B-4 §3.1.3.2 allows a mailed code 24 hours; what resets a password should not lie about so long. */
export const actionTokenSeconds: Readonly<Record<ActionKind, number>> = {
  'password reset': 20 * 60,
  'e-mail verification': 24 * 60 * 60,
};

export type NewAction = Readonly<{ kind: ActionKind; subject: string; email: string; at: Date }>;

/** Draws 256 random bits and stores their hash. What was sent before for the same purpose is good no more. */
export async function newActionToken(
  transaction: AuthQueries,
  { kind, subject, email, at }: NewAction,
): Promise<string> {
  await forgetActions(transaction, subject, kind);
  const { text, hash } = newRefreshToken();
  const expiresAt = after(at, actionTokenSeconds[kind]);
  await transaction.insert(actionTokens).values({ hash, kind, subject, email, createdAt: at, expiresAt });
  return text;
}

/** Looks without using: what follows may cost more than a stranger should be able to ask for. */
export async function findAction(queries: AuthQueries, { kind, token, at }: Presented): Promise<Action | undefined> {
  const [action] = await queries.select().from(actionTokens).where(isGood({ kind, token, at }));
  return action;
}

export type Presented = Readonly<{ kind: ActionKind; token: string; at: Date }>;

/**
 * Uses the token, once: one conditional UPDATE decides, so of any number at once, in whatever process, one gets it. In a
 * transaction that fails it is not used. `undefined` for every token that is not good: unknown, of another kind, used, expired.
 */
export async function useAction(transaction: AuthQueries, presented: Presented): Promise<Action | undefined> {
  const [action] = await transaction
    .update(actionTokens)
    .set({ usedAt: presented.at })
    .where(isGood(presented))
    .returning();
  return action;
}

export async function forgetActions(queries: AuthQueries, subject: string, kind: ActionKind): Promise<void> {
  await queries
    .delete(actionTokens)
    .where(and(eq(actionTokens.subject, subject), eq(actionTokens.kind, kind), isNull(actionTokens.usedAt)));
}

function isGood({ kind, token, at }: Presented) {
  return and(
    eq(actionTokens.hash, hashSecret(token)),
    eq(actionTokens.kind, kind),
    isNull(actionTokens.usedAt),
    gt(actionTokens.expiresAt, sql`${at}::timestamptz`),
  );
}
