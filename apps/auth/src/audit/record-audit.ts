import { databaseFailure } from '@sallyport/db';
import { sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import type { AuditAction } from './audit-actions.ts';

/**
 * Who did it: a person, a client that authenticated as itself, a command that an operator ran, the authority by itself, or
 * somebody of whom nothing is known but what they presented.
 */
export type AuditActor = `subject:${string}` | `client:${string}` | `command:${string}` | 'authority' | 'unknown';

/**
 * What was done. Nothing in it may be a secret: no token, no code, no password, no hash of one. Texts are cut at 512 characters.
 */
export type AuditEvent = Readonly<{
  action: AuditAction;
  actor: AuditActor;
  /** Whom it was done to. */
  subject?: string | undefined;
  client?: string | undefined;
  session?: string | undefined;
  /** For whoever reads it. */
  because?: string | undefined;
  detail?: Readonly<Record<string, string | number | boolean | readonly string[]>> | undefined;
}>;

/** Why something is done, and by whom: the authority by itself, unless somebody is named. */
export type Reason = Readonly<{ because: string; actor?: AuditActor | undefined }>;

/** The log took no entry, so what it would have told has not happened. Says nothing about the request: 503. */
export class AuditUnwritable extends Error {
  override readonly name = 'AuditUnwritable';
}

/**
 * Writes to the audit log, in the transaction that makes it true: what cannot be written down does not happen.
 *
 * **The last statement of that transaction**, after `recordRevocations`: the end of the log stays locked until commit. Locks are
 * taken in one order everywhere (rows, then the feed's counter, then the log's end), so that no two transactions can wait for
 * each other. Recording again in the same transaction is fine.
 *
 * @throws AuditUnwritable when the database answers, and does not write it
 */
export async function recordAudit(transaction: AuthQueries, ...events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  const entries = sql.join(
    events.map((event) => sql`${writeEntry(event)}`),
    sql`, `,
  );
  try {
    await transaction.execute(sql`SELECT auth.record_audit(ARRAY[${entries}]::text[])`);
  } catch (cause) {
    // An outage stays one; anything else is a log that does not take what it should.
    if (databaseFailure(cause).kind !== 'other') throw cause;
    throw new AuditUnwritable('The audit log took no entry.', { cause });
  }
}

const maxTextLength = 512;

/** JSON that PostgreSQL takes: without NUL and half characters, which its `jsonb` refuses. Exported for its test. */
export function writeEntry({ action, actor, subject, client, session, because, detail }: AuditEvent): string {
  const entry = { action, actor, subject, client, session, because, detail };
  return JSON.stringify(entry, (_member, value: unknown) =>
    typeof value === 'string' ? value.slice(0, maxTextLength).toWellFormed().replaceAll('\0', '\uFFFD') : value,
  );
}
