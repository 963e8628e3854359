import type { IntrospectionAnswer, IntrospectionQuestion } from '@sallyport/auth';
import type pg from 'pg';
import { epochSeconds, type Now } from '../moments.ts';
import { activeAnswer, type Active, type Asker } from './active-answer.ts';
import { introspectionStatement } from './introspection-statement.ts';
import { askAboutOne } from './one-question.ts';

/** Without an asker the answers say nothing of roles. */
export type Introspect = (questions: readonly IntrospectionQuestion[], asker?: Asker) => Promise<IntrospectionAnswer[]>;

/**
 * Answers any number of questions by one prepared statement on this connection, another for one than for several: an answer for each, in
 * their order.
 * Active is what the statement shows to be active; everything else is not. Rejects as a whole when the database does
 * not answer.
 */
export function prepareIntrospection(connection: pg.Client, now: Now): Introspect {
  return async (questions, asker) => {
    const at = new Date(now());
    const [question, ...more] = questions;
    if (question !== undefined && more.length === 0) return [await askAboutOne(connection, { question, asker, at })];
    const found = await connection.query<Found>({
      name: 'introspect',
      text: introspectionStatement,
      values: [
        textArray(questions.map(({ session }) => session)),
        textArray(questions.map(({ tokenId }) => tokenId)),
        textArray(questions.map(({ subject }) => subject)),
        textArray([...new Set(questions.map(({ client }) => client))]),
        at.toISOString(),
        asker !== undefined && 'audience' in asker ? asker.audience : null,
        asker !== undefined && 'client' in asker ? asker.client : null,
      ],
    });
    const [row] = found.rows;
    if (row === undefined) throw new Error('PostgreSQL returned no row for an aggregate.');
    const live = readLive(row.live, epochSeconds(at));
    const revoked = new Set(row.revoked);

    return questions.map(({ tokenId, session, subject, client }): IntrospectionAnswer => {
      const known = live.get(session);
      if (known === undefined || known.subject !== subject || known.client !== client || revoked.has(tokenId))
        return { active: false };
      return asker === undefined ? known.answer : { ...known.answer, roles: row.roles?.[subject] ?? [] };
    });
  };
}

/** The statement's one row. */
type Found = Readonly<{
  /** A line for each session that is alive, of values between separators; null for none. */
  live: string | null;
  revoked: readonly string[];
  /** Of the subjects that have any. */
  roles: Readonly<Record<string, readonly string[] | null>> | null;
}>;

type Live = Readonly<{ subject: string; client: string; answer: Active }>;

/** Between the values of a line (ASCII's unit separator): nothing that is stored holds it. */
const unit = '\u001F';

/** What is alive, by session. */
function readLive(lines: string | null, answeredAt: number): Map<string, Live> {
  const live = new Map<string, Live>();
  for (const line of lines?.split('\n') ?? []) {
    const [session, subject, client, authTime, secondFactorAt, acr, risk, ...more] = line.split(unit);
    if (session === undefined || subject === undefined || client === undefined || acr === undefined)
      throw new Error('A live session is not described as a whole.');
    if (risk === undefined || more.length > 0) throw new Error('A live session is described in another form.');
    const known = { authTime: Number(authTime), secondFactorAt: secondFactorAt === '' ? null : Number(secondFactorAt) };
    const answer = activeAnswer({ ...known, acr, risk }, answeredAt);
    live.set(session, { subject, client, answer });
  }
  return live;
}

/**
 * PostgreSQL's spelling of an array of texts (its manual, §8.15.6), which is JSON's but for the brackets, and for what has to be
 * escaped: that is left to `pg`, which looks for it in each text.
 */
function textArray(texts: readonly string[]): string | readonly string[] {
  const json = JSON.stringify(texts);
  return json.includes('\\') ? texts : `{${json.slice(1, -1)}}`;
}
