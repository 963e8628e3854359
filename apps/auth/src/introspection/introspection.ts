import type { IntrospectionAnswer, IntrospectionQuestion } from '@sallyport/auth';
import { and, eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { schema } from '../database.ts';
import { epochSeconds, type Now } from '../moments.ts';
import { secondFactorWithinSeconds } from '../risk/risk-rules.ts';
import { accounts, clients, revokedTokens, sessions, totpFactors } from '../schema.ts';
import { passkeys } from '../second-factor/factor-tables.ts';
import { isLive } from '../sign-in/live-session.ts';

/** Whose roles count: those at this audience, or at the audience that this service serves. */
type Asker = Readonly<{ audience: string }> | Readonly<{ client: string }>;

/** Without an asker the answers say nothing of roles. */
export type Introspect = (questions: readonly IntrospectionQuestion[], asker?: Asker) => Promise<IntrospectionAnswer[]>;

/**
 * Answers any number of questions by one prepared statement on this connection: an answer for each, in their order.
 * Active is what the statement shows to be active; everything else is not. Rejects as a whole when the database does
 * not answer.
 */
export function prepareIntrospection(connection: pg.Client, now: Now): Introspect {
  const statement = prepareStatement(connection);

  return async (questions, asker) => {
    const at = new Date(now());
    const rows = await statement.execute({
      sessions: questions.map((question) => question.session),
      tokens: questions.map((question) => question.tokenId),
      now: at.toISOString(),
      audience: asker !== undefined && 'audience' in asker ? asker.audience : null,
      asker: asker !== undefined && 'client' in asker ? asker.client : null,
    });
    const alive = new Map(rows.map((row) => [row.sid, row]));
    const revoked = new Set(rows[0]?.revoked);

    return questions.map(({ tokenId, session, subject, client }): IntrospectionAnswer => {
      const row = alive.get(session);
      if (row === undefined || row.subject !== subject || row.clientId !== client || revoked.has(tokenId))
        return { active: false };
      const withinSeconds = secondFactorWithinSeconds[row.riskLevel];
      return {
        active: true,
        authTime: epochSeconds(row.authTime),
        ...(row.secondFactorAt !== null && { secondFactorAt: epochSeconds(row.secondFactorAt) }),
        acr: row.acr,
        ...(withinSeconds !== undefined && row.hasSecondFactor && { secondFactorWithinSeconds: withinSeconds }),
        ...(asker !== undefined && { roles: row.roles ?? [] }),
        answeredAt: epochSeconds(at),
      };
    });
  };
}

function prepareStatement(connection: pg.Client) {
  const { sid, subject, clientId, authTime, secondFactorAt, acr, riskLevel } = sessions;
  // Looked up for sessions that look wrong alone, which are few. Who has no second factor cannot be asked for one.
  const hasSecondFactor = sql<boolean>`CASE WHEN ${riskLevel} = 'low' THEN false ELSE
    EXISTS (SELECT FROM ${totpFactors} WHERE ${totpFactors.subject} = ${subject} AND ${totpFactors.confirmedAt} IS NOT NULL)
    OR EXISTS (SELECT FROM ${passkeys} WHERE ${passkeys.subject} = ${subject}) END`;
  // Stands in every row, and is computed once: single access tokens are seldom revoked.
  const revoked = sql<string[]>`ARRAY(SELECT ${revokedTokens.tokenId} FROM ${revokedTokens}
    WHERE ${revokedTokens.tokenId} = ANY(${sql.placeholder('tokens')}))`;
  const audience = sql`coalesce(${sql.placeholder('audience')}::text,
    (SELECT ${clients.audience} FROM ${clients} WHERE ${clients.clientId} = ${sql.placeholder('asker')}::text))`;
  const roles = sql<readonly string[] | null>`${accounts.roles} -> ${audience}`;
  return drizzle({ client: connection, schema })
    .select({ sid, subject, clientId, authTime, secondFactorAt, acr, riskLevel, hasSecondFactor, revoked, roles })
    .from(sessions)
    .innerJoin(accounts, eq(accounts.subject, subject))
    .where(and(sql`${sid} = ANY(${sql.placeholder('sessions')})`, isLive(sql.placeholder('now'))))
    .prepare('introspect');
}
