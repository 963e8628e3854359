import type { IntrospectionQuestion } from '@sallyport/auth';
import { fillPlaceholders, sql, type SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { carryingClients, type CarryingClient } from '../clients/carrying-clients.ts';
import { epochSeconds } from '../moments.ts';
import { accounts, clients, revokedTokens, sessions, totpFactors } from '../schema.ts';
import { passkeys } from '../second-factor/factor-tables.ts';
import { isLive } from '../sign-in/live-session.ts';
import { activeAnswer, type Answered, type Asker, type Known } from './active-answer.ts';
import type { ReadRows } from './read-rows.ts';

const { session, subject, client, token, at, audience, asking, carriers } = {
  session: sql.placeholder('session'),
  subject: sql.placeholder('subject'),
  client: sql.placeholder('client'),
  token: sql.placeholder('token'),
  at: sql.placeholder('at'),
  audience: sql.placeholder('audience'),
  asking: sql.placeholder('asking'),
  carriers: sql.placeholder('carriers'),
};

/**
 * A question by itself, by keys: `isLive` on its row. For one, the statement in sets takes PostgreSQL a fifth longer
 * (docs/decisions/0036); what both mean is held together by `one-definition.test.ts`.
 */
const statement = (columns: SQL) =>
  new PgDialect().sqlToQuery(sql`
SELECT floor(date_part('epoch', ${sessions.authTime}))::int AS "authTime",
  floor(date_part('epoch', ${sessions.secondFactorAt}))::int AS "secondFactorAt", ${sessions.acr} AS acr,
  CASE WHEN ${sessions.riskLevel} <> 'low' AND (
    EXISTS (SELECT FROM ${totpFactors} WHERE ${totpFactors.subject} = ${sessions.subject} AND ${totpFactors.confirmedAt} IS NOT NULL)
    OR EXISTS (SELECT FROM ${passkeys} WHERE ${passkeys.subject} = ${sessions.subject})
  ) THEN ${sessions.riskLevel} ELSE 'low' END AS risk,
  (SELECT ${accounts.roles} -> coalesce(${audience}::text, (SELECT ${clients.audience} FROM ${clients} WHERE ${clients.clientId} = ${asking}::text))
    FROM ${accounts} WHERE ${accounts.subject} = ${sessions.subject}) AS roles${columns}
FROM ${sessions}
WHERE ${sessions.sid} = ${session}
  -- Found by its id, never by its subject, who may have hundreds: no index serves this comparison.
  AND (${sessions.subject}, ${sessions.clientId}) IS NOT DISTINCT FROM (${subject}::text, ${client}::text)
  AND NOT EXISTS (SELECT FROM ${revokedTokens} WHERE ${revokedTokens.tokenId} = ${token})
  AND ${isLive(at)}`);

const statements = {
  introspect: { name: 'introspect one', ...statement(sql``) },
  carry: {
    name: 'introspect one to carry',
    ...statement(sql`, (${sql.raw(carryingClients)} = ANY(${carriers}::text[])) AS carriers`),
  },
};

type Found = Known & Readonly<{ roles: readonly string[] | null; carriers?: readonly CarryingClient[] | null }>;

type Asked = Readonly<{
  question: IntrospectionQuestion;
  asker: Asker | undefined;
  carriers: readonly string[] | undefined;
  at: Date;
}>;

/** Nobody carries on whose session is over, so then no client is said. */
export async function askAboutOne(readRows: ReadRows, asked: Asked): Promise<Answered> {
  const { question, asker } = asked;
  const values = {
    session: question.session,
    subject: question.subject,
    client: question.client,
    token: question.tokenId,
    at: asked.at.toISOString(),
    audience: asker !== undefined && 'audience' in asker ? asker.audience : null,
    asking: asker !== undefined && 'client' in asker ? asker.client : null,
    carriers: asked.carriers,
  };
  const { name, sql: text, params } = asked.carriers === undefined ? statements.introspect : statements.carry;
  const [found] = await readRows<Found>({ name, text, values: fillPlaceholders(params, values) });
  if (found === undefined) return { answers: [{ active: false }], carriers: [] };
  const answer = activeAnswer(found, epochSeconds(asked.at), asker && (found.roles ?? []));
  return { answers: [answer], carriers: found.carriers ?? [] };
}
