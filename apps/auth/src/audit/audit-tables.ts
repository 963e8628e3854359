import { sql, type SQL } from 'drizzle-orm';
import { bigint, boolean, check, customType, index, text, timestamp } from 'drizzle-orm/pg-core';
import { auth } from '../schema.ts';

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const counter = (name: string) => bigint(name, { mode: 'number' });
const ofEntry = (member: string): SQL => sql.raw(`"entry"::jsonb ->> '${member}'`);

/**
 * What was done here, by whom, to whom. Rows are added by the function `record_audit` of the database alone, which chains
 * them (`0009_audit.sql`); the service may read them, and neither write nor change one by itself.
 */
export const auditLog = auth.table(
  'audit_log',
  {
    /** Gapless, in commit order. */
    position: counter('position').primaryKey(),
    /** By the database's clock. */
    recordedAt: timestamp('recorded_at', { withTimezone: true, precision: 3, mode: 'date' }).notNull(),
    /** JSON, letter for letter as it was hashed. The columns that are searched are made from it. */
    entry: text('entry').notNull(),
    /** SHA-256 over the row before, and this one. */
    hash: bytes('hash').notNull(),
    action: text('action').notNull().generatedAlwaysAs(ofEntry('action')),
    actor: text('actor').notNull().generatedAlwaysAs(ofEntry('actor')),
    subject: text('subject').generatedAlwaysAs(ofEntry('subject')),
    session: text('session').generatedAlwaysAs(ofEntry('session')),
  },
  (table) => [index('audit_log_by_subject').on(table.subject, table.position)],
);

/** One row: where the log ends. Whoever records holds its lock until commit. */
export const auditTip = auth.table(
  'audit_tip',
  {
    only: boolean('only').primaryKey().default(true),
    lastPosition: counter('last_position').notNull(),
    lastHash: bytes('last_hash').notNull(),
  },
  (table) => [check('one_tip', sql`${table.only}`)],
);
