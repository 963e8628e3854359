import type { IntrospectionAnswer, IntrospectionQuestion } from '@sallyport/auth';
import { fillPlaceholders, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { epochSeconds } from '../moments.ts';
import { accounts, clients, revokedTokens, sessions, totpFactors } from '../schema.ts';
import { passkeys } from '../second-factor/factor-tables.ts';
import { isLive } from '../sign-in/live-session.ts';
import { activeAnswer, type Asker, type Known } from './active-answer.ts';
import type { ReadRows } from './read-rows.ts';

const { session, subject, client, token, at, audience, asking } = {
  session: sql.placeholder('session'),
  subject: sql.placeholder('subject'),
  client: sql.placeholder('client'),
  token: sql.placeholder('token'),
  at: sql.placeholder('at'),
  audience: sql.placeholder('audience'),
  asking: sql.placeholder('asking'),
};

/**
 * A question by itself, by keys: `isLive` on its row. For one, the statement in sets takes PostgreSQL a fifth longer
 * (docs/decisions/0036); what both mean is held together by `one-definition.test.ts`.
 */
const statement = new PgDialect().sqlToQuery(sql`
SELECT floor(date_part('epoch', ${sessions.authTime}))::int AS "authTime",
  floor(date_part('epoch', ${sessions.secondFactorAt}))::int AS "secondFactorAt", ${sessions.acr} AS acr,
  CASE WHEN ${sessions.riskLevel} <> 'low' AND (
    EXISTS (SELECT FROM ${totpFactors} WHERE ${totpFactors.subject} = ${sessions.subject} AND ${totpFactors.confirmedAt} IS NOT NULL)
    OR EXISTS (SELECT FROM ${passkeys} WHERE ${passkeys.subject} = ${sessions.subject})
  ) THEN ${sessions.riskLevel} ELSE 'low' END AS risk,
  (SELECT ${accounts.roles} -> coalesce(${audience}::text, (SELECT ${clients.audience} FROM ${clients} WHERE ${clients.clientId} = ${asking}::text))
    FROM ${accounts} WHERE ${accounts.subject} = ${sessions.subject}) AS roles
FROM ${sessions}
WHERE ${sessions.sid} = ${session}
  -- Found by its id, never by its subject, who may have hundreds: no index serves this comparison.
  AND (${sessions.subject}, ${sessions.clientId}) IS NOT DISTINCT FROM (${subject}::text, ${client}::text)
  AND NOT EXISTS (SELECT FROM ${revokedTokens} WHERE ${revokedTokens.tokenId} = ${token})
  AND ${isLive(at)}`);

type Found = Known & Readonly<{ roles: readonly string[] | null }>;

type Asked = Readonly<{ question: IntrospectionQuestion; asker: Asker | undefined; at: Date }>;

export async function askAboutOne(readRows: ReadRows, asked: Asked): Promise<IntrospectionAnswer> {
  const { question, asker } = asked;
  const values = {
    session: question.session,
    subject: question.subject,
    client: question.client,
    token: question.tokenId,
    at: asked.at.toISOString(),
    audience: asker !== undefined && 'audience' in asker ? asker.audience : null,
    asking: asker !== undefined && 'client' in asker ? asker.client : null,
  };
  const [found] = await readRows<Found>({
    name: 'introspect one',
    text: statement.sql,
    values: fillPlaceholders(statement.params, values),
  });
  if (found === undefined) return { active: false };
  return activeAnswer(found, epochSeconds(asked.at), asker && (found.roles ?? []));
}
