import { inTransaction } from '@sallyport/db';
import { and, eq, or, sql } from 'drizzle-orm';
import { recordAudit, type Reason } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { cutOffs } from '../schema.ts';
import type { Ending } from '../sign-in/sessions.ts';
import { recordRevocations } from './revocation-outbox.ts';

export type CutOffTarget =
  | Readonly<{ kind: 'subject'; subject: string }>
  | Readonly<{ kind: 'client'; client: string }>
  | Readonly<{ kind: 'everyone' }>;

export type CutOff = Readonly<{ upToSerial: number; position: number }>;

/**
 * Ends every session that the target has begun so far, and every token of a service's own, in one row: all serials up to the newest
 * that was drawn, so a sign-in that has its serial and is not committed yet is covered too. Later sign-ins are not. Answers that
 * serial, and the feed's position of the cut-off, for a consistency token.
 */
export async function cutOff({ database, now }: Authority, target: CutOffTarget, reason: Reason): Promise<CutOff> {
  return inTransaction(database, transactionLimits, (transaction) =>
    cutOffIn(transaction, target, { ...reason, at: new Date(now()) }),
  );
}

/** The same, last in a transaction that makes more than this true. */
export async function cutOffIn(
  transaction: AuthQueries,
  target: CutOffTarget,
  { because, actor = 'authority', at: setAt }: Ending,
): Promise<CutOff> {
  const { rows } = await transaction.execute<{ serial: string }>(
    sql`SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS serial FROM session_serials`,
  );
  const upToSerial = Number(rows[0]?.serial);
  await cutOffUpTo(transaction, target, { upToSerial, setAt });
  const position = await recordRevocations(transaction, [{ ...target, upToSerial }], because);
  const detail = { kind: target.kind, upToSerial };
  await recordAudit(transaction, { action: 'sessions.cut-off', actor, ...namesOf(target), because, detail });
  return { upToSerial, position };
}

/** Sets a cut-off, and tells nobody: that is left to the caller, in the same transaction. One that is set never shrinks. */
export async function cutOffUpTo(
  transaction: AuthQueries,
  target: CutOffTarget,
  { upToSerial, setAt }: Readonly<{ upToSerial: number; setAt: Date }>,
): Promise<void> {
  await transaction
    .insert(cutOffs)
    .values({ kind: target.kind, name: nameOf(target), upToSerial, setAt })
    .onConflictDoUpdate({
      target: [cutOffs.kind, cutOffs.name],
      set: { upToSerial: sql`greatest(${cutOffs.upToSerial}, excluded.up_to_serial)`, setAt },
    });
}

/** Whether a service's own token is covered: by the cut-off of its client, or of everyone. */
export async function isCutOff(
  queries: AuthQueries,
  { client, serial }: Readonly<{ client: string; serial: number }>,
): Promise<boolean> {
  const named = or(and(eq(cutOffs.kind, 'client'), eq(cutOffs.name, client)), eq(cutOffs.kind, 'everyone'));
  const found = await queries.select({ upToSerial: cutOffs.upToSerial }).from(cutOffs).where(named);
  return found.some(({ upToSerial }) => !(serial > upToSerial));
}

/** Whom the audit log names. */
function namesOf(target: CutOffTarget): Readonly<{ subject?: string; client?: string }> {
  const { kind: _, ...names } = target;
  return names;
}

function nameOf(target: CutOffTarget): string {
  switch (target.kind) {
    case 'subject':
      return target.subject;
    case 'client':
      return target.client;
    case 'everyone':
      return '';
  }
}
