import type { Database, Queries, TransactionLimits } from '@sallyport/db';
import * as accountTables from './accounts/account-tables.ts';
import * as auditTables from './audit/audit-tables.ts';
import * as tables from './schema.ts';
import * as factorTables from './second-factor/factor-tables.ts';

/** The tables of every part. */
export const schema = { ...tables, ...auditTables, ...factorTables, ...accountTables };
export type AuthDatabase = Database<typeof schema>;
/** The database, or a transaction on it. */
export type AuthQueries = Queries<typeof schema>;

/** Every transaction here is a few statements on rows by key. What takes longer is stuck. */
export const transactionLimits: TransactionLimits = { withinMs: 2000, lockWithinMs: 1500 };
