import { eq } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { AuthQueries } from '../database.ts';
import { sessionId } from '../identifiers.ts';
import { recordRevocations } from '../revocation/revocation-outbox.ts';
import { settle } from '../risk/risk-rules.ts';
import { sessions } from '../schema.ts';
import { timesOf, twoFactors, withFactor } from '../sign-in/proof.ts';
import type { Session } from '../sign-in/sessions.ts';

/** What was shown just now, as `amr` values. */
export type Shown = Readonly<{ amr: readonly string[]; at: Date }>;

/**
 * Raises a session to two factors, under an id of its own: the one before, and every token that names it, is refused from
 * now on (ASVS 5.0 V7.2.4). Whoever planted or copied a token before the step-up gains nothing from it. The serial stays, so
 * cut-offs still reach the session.
 *
 * Call it last in the transaction that checked the factor and rotated the refresh token: it writes to the feed and the audit log.
 */
export async function raiseSession(transaction: AuthQueries, before: Session, { amr, at }: Shown): Promise<Session> {
  const settled = settle({ level: before.riskLevel, signals: before.riskSignals });
  const [after] = await transaction
    .update(sessions)
    .set({
      sid: sessionId(before.serial),
      authTime: at,
      secondFactorAt: at,
      acr: twoFactors,
      amr: withFactor(before.amr, amr),
      riskLevel: settled.level,
      riskSignals: [...settled.signals],
      factorTimes: { ...before.factorTimes, ...timesOf(amr, at) },
    })
    .where(eq(sessions.serial, before.serial))
    .returning();
  if (after === undefined) throw new Error('The session whose row is locked has gone.');
  await recordRevocations(transaction, [{ kind: 'session', session: before.sid }], 'stepped up: its id changed');
  const { subject, clientId: client, sid: session } = after;
  const detail = { before: before.sid, amr };
  await recordAudit(transaction, {
    action: 'session.raised',
    actor: `subject:${subject}`,
    subject,
    client,
    session,
    detail,
  });
  return after;
}
