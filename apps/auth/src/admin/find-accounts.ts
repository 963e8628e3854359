import { and, asc, eq, gt, like, type SQL } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import { epochSeconds } from '../moments.ts';
import { accounts } from '../schema.ts';

export type AccountFilter = Readonly<{
  /** The beginning of an e-mail address. */
  email?: string | undefined;
  /** The last subject of the page before. */
  after?: string | undefined;
  limit: number;
}>;

const shown = {
  subject: accounts.subject,
  email: accounts.email,
  enabled: accounts.enabled,
  roles: accounts.roles,
  createdAt: accounts.createdAt,
};

/** Accounts, in the order of their subjects. Holds nothing that anybody could sign in with. */
export async function findAccounts(queries: AuthQueries, { email, after, limit }: AccountFilter) {
  const conditions: SQL[] = [];
  if (email !== undefined) conditions.push(like(accounts.email, `${email.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`));
  if (after !== undefined) conditions.push(gt(accounts.subject, after));
  const rows = await queries
    .select(shown)
    .from(accounts)
    .where(and(...conditions))
    .orderBy(asc(accounts.subject))
    .limit(limit);
  return rows.map(show);
}

export async function findAccount(queries: AuthQueries, who: Readonly<{ subject: string } | { email: string }>) {
  const isIt = 'subject' in who ? eq(accounts.subject, who.subject) : eq(accounts.email, who.email);
  const [row] = await queries.select(shown).from(accounts).where(isIt);
  return row && show(row);
}

function show({ createdAt, ...account }: Pick<typeof accounts.$inferSelect, keyof typeof shown>) {
  /** Epoch seconds. */
  return { ...account, createdAt: epochSeconds(createdAt) };
}
