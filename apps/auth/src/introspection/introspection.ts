import type { IntrospectionAnswer, IntrospectionQuestion } from '@sallyport/auth';
import type { CarryingClient } from '../clients/carrying-clients.ts';
import { serialOf } from '../identifiers.ts';
import { epochSeconds, type Now } from '../moments.ts';
import { activeAnswer, type Answered, type Asker, type Known } from './active-answer.ts';
import { introspectionStatements } from './introspection-statement.ts';
import { askAboutOne } from './one-question.ts';
import type { ReadRows } from './read-rows.ts';

export type Introspection = Readonly<{
  /** Without an asker the answers say nothing of roles. */
  introspect: (questions: readonly IntrospectionQuestion[], asker?: Asker) => Promise<readonly IntrospectionAnswer[]>;
  /** For a client that carries on whom it asks about: with what it may, and what they may who are to be carried on. */
  introspectToCarry: (questions: readonly IntrospectionQuestion[], asker: string) => Promise<Answered>;
}>;

/**
 * Answers any number of questions by one prepared statement, another for one than for several: an answer for each, in
 * their order.
 * Active is what the statement shows to be active; everything else is not. Rejects as a whole when the database does
 * not answer.
 */
export function prepareIntrospection(readRows: ReadRows, now: Now): Introspection {
  const ask = async ({ questions, asker, carriers }: Asked): Promise<Answered> => {
    const at = new Date(now());
    const [question, ...more] = questions;
    if (question !== undefined && more.length === 0) return askAboutOne(readRows, { question, asker, carriers, at });
    const [row] = await readRows<Found>({
      ...(carriers === undefined ? introspectionStatements.introspect : introspectionStatements.carry),
      values: [
        serialArray(questions),
        textArray(questions.map(({ tokenId }) => tokenId)),
        textArray(questions.map(({ subject }) => subject)),
        textArray([...new Set(questions.map(({ client }) => client))]),
        at.toISOString(),
        asker !== undefined && 'audience' in asker ? asker.audience : null,
        asker !== undefined && 'client' in asker ? asker.client : null,
        ...(carriers === undefined ? [] : [carriers]),
      ],
    });
    if (row === undefined) throw new Error('PostgreSQL returned no row for an aggregate.');
    const live = readLive(row);
    // None as a rule, and then no token's name is looked for.
    const revoked = row.revoked.length > 0 && new Set(row.revoked);
    const answeredAt = epochSeconds(at);

    const answers = questions.map(({ tokenId, session, subject, client }): IntrospectionAnswer => {
      const known = live.get(session);
      if (known === undefined || known.subject !== subject || known.client !== client) return { active: false };
      if (revoked && revoked.has(tokenId)) return { active: false };
      return activeAnswer(known, answeredAt, asker && (row.roles?.[subject] ?? none));
    });
    return { answers, carriers: row.carriers ?? [] };
  };

  return {
    introspect: async (questions, asker) => (await ask({ questions, asker, carriers: undefined })).answers,
    introspectToCarry: (questions, client) => {
      const carried = questions.filter(({ onward }) => onward !== undefined);
      const carriers = [...new Set([client, ...carried.map((question) => question.client)])];
      return ask({ questions, asker: { client }, carriers });
    },
  };
}

/** `carriers`: the clients to be told of. */
type Asked = Readonly<{
  questions: readonly IntrospectionQuestion[];
  asker: Asker | undefined;
  carriers: readonly string[] | undefined;
}>;

/** The statement's one row. */
type Found = Readonly<{
  /** The seven values of each session that is alive, one after the other, between separators; null for none. */
  live: string | null;
  /** How many those are. */
  alive: number;
  revoked: readonly string[];
  /** Of the subjects that have any. */
  roles: Readonly<Record<string, readonly string[] | null>> | null;
  carriers?: readonly CarryingClient[] | null;
}>;

const none: readonly string[] = [];

type Live = Known & Readonly<{ subject: string; client: string }>;

/** Between values (ASCII's unit separator): nothing that is stored holds it. */
const unit = '\u001F';
const valuesOfEach = 7;

/**
 * What is alive, by session. Cut in one go: session by session takes longer. Each has seven values or more, so where there are seven times
 * as many as sessions, none of a session's values is taken for another's.
 */
function readLive({ live: text, alive }: Found): Map<string, Live> {
  const live = new Map<string, Live>();
  const values = text === null ? [] : text.split(unit);
  if (values.length !== alive * valuesOfEach) throw new Error('A live session is described in another form.');
  const valueAt = (at: number): string => values[at] ?? '';
  for (let at = 0; at < values.length; at += valuesOfEach) {
    const secondFactorAt = valueAt(at + 4);
    live.set(valueAt(at), {
      subject: valueAt(at + 1),
      client: valueAt(at + 2),
      authTime: Number(valueAt(at + 3)),
      secondFactorAt: secondFactorAt === '' ? null : Number(secondFactorAt),
      acr: valueAt(at + 5),
      risk: valueAt(at + 6),
    });
  }
  return live;
}

/** Of the sessions that are asked about: an id of another form is none of ours, and not looked for. */
function serialArray(questions: readonly IntrospectionQuestion[]): string {
  return `{${questions
    .map(({ session }) => serialOf(session))
    .filter(Number.isSafeInteger)
    .join()}}`;
}

/**
 * PostgreSQL's spelling of an array of texts (its manual, §8.15.6), which is JSON's but for the brackets, and for what has to be
 * escaped: that is left to `pg`, which looks for it in each text.
 */
function textArray(texts: readonly string[]): string | readonly string[] {
  const json = JSON.stringify(texts);
  return json.includes('\\') ? texts : `{${json.slice(1, -1)}}`;
}
